import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test as nodeTest } from "node:test";
import type { Tap } from "../ledger/tap.ts";
import type { RouterConfig } from "../router.ts";
import type { MemoryDisk, MemoryEngine } from "./memory-engine.ts";
import { seededRandom } from "./random.ts";
import { Witness } from "./witness.ts";

/** The moves of the partitions are repeated with the seed that a failure names. */
const seed = Number(process.env.PINTLE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** How one run of a test sees the engine. */
export class EngineOfTest {
  readonly partitions: number;
  /** Whether the partitions are taken away and given back while the test goes on. */
  readonly moves: boolean;
  readonly random: () => number;
  readonly #logs = new Map<MemoryDisk, WatchedLog>();
  readonly #engines: MemoryEngine[] = [];
  readonly #transactional = new Set<string>();

  constructor(partitions: number, moves: boolean, random: () => number) {
    this.partitions = partitions;
    this.moves = moves;
    this.random = random;
  }

  /** Holds a router to what is promised whoever owns what. */
  watch(tap: Tap, engine: MemoryEngine, config: RouterConfig, transactional: readonly string[]): void {
    this.#engines.push(engine);
    for (const id of transactional) this.#transactional.add(id);
    if (!this.moves) return;
    const log = this.#logs.get(engine.store) ?? { witness: new Witness(), sources: new Map() };
    this.#logs.set(engine.store, log);
    this.configured(engine, config);
    const ordered = config.destinations
      .filter(({ settings }) => (settings as { order?: boolean }).order !== false)
      .map(({ id }) => id);
    tap.watch((step) => log.witness.watch(step, ordered.includes(step.destinationId)));
  }

  /**
   * Learns which destinations get what. One that says itself where it stands is believed: what it
   * has is not told again.
   */
  configured({ store }: MemoryEngine, { sources, destinations }: RouterConfig): void {
    for (const { id } of destinations.filter((each) => !this.#transactional.has(each.id))) {
      const its = sources.filter((source) => source.destinations.includes(id));
      this.#logs.get(store)?.sources.set(id, new Set(its.map((source) => source.id)));
    }
  }

  check(): void {
    for (const { violations } of this.#engines) assert.deepEqual(violations, [], "a partition that is not its own");
    for (const [store, { witness, sources }] of this.#logs) witness.check(store, sources, this.partitions);
  }
}

interface WatchedLog {
  readonly witness: Witness;
  /** Sources of each destination. */
  readonly sources: Map<string, ReadonlySet<string>>;
}

const running = new AsyncLocalStorage<EngineOfTest>();

/** The engine that the running test was given. */
export function engineOfTest(): EngineOfTest | undefined {
  return running.getStore();
}

type TestBody = () => Promise<void>;

/**
 * A test that drives a router through the engine's interface. It is run on an engine with one
 * partition, and on one with four that are taken away and given back at random moments. Whatever
 * the test itself looks at, nothing may be lost, each user key's order is kept, and nobody writes
 * what is not theirs.
 */
export function test(name: string, body: TestBody): void {
  onePartitionTest(name, body);
  onFour(name, true, body);
}

/**
 * The same where the partitions stay where they are. What an owner has in memory alone its
 * successor begins anew: when a lane is tried next and how often it was, what is on its way, what
 * was accepted before.
 */
export function stillTest(name: string, body: TestBody): void {
  onePartitionTest(name, body);
  onFour(name, false, body);
}

/** A test that says by itself what becomes of partitions, or has no use for several. */
export function onePartitionTest(name: string, body: TestBody): void {
  nodeTest(name, () => run(new EngineOfTest(1, false, seededRandom(seed)), body));
}

function onFour(name: string, moves: boolean, body: TestBody): void {
  nodeTest(`${name} [four partitions, ${moves ? "moved" : "still"}]`, async () => {
    try {
      await run(new EngineOfTest(4, moves, seededRandom(seed)), body);
    } catch (error) {
      throw new Error(`with PINTLE_TEST_SEED=${seed}: ${error}`, { cause: error });
    }
  });
}

async function run(engine: EngineOfTest, body: TestBody): Promise<void> {
  await running.run(engine, body);
  engine.check();
}
