import { hashUserKey } from "@pintle/events";
import type { DestinationType } from "@pintle/kit";
import type { Progress } from "@pintle/log";
import { partitionOf } from "../../engine/partition-of.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import type { EventFilter } from "../../model/event-filter.ts";
import type { Source } from "../../model/source.ts";
import type { DestinationStatus } from "../ledger/status.ts";
import { Tap } from "../ledger/tap.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import { type DestinationPipeline, Router, type RouterConfig } from "../router.ts";
import { eventRecord, type TestEvent } from "./event-records.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import type { FakeDestination, FakeSettings } from "./fake-destination.ts";
import { MemoryDisk, MemoryEngine } from "./memory-engine.ts";
import { Rebalancer } from "./rebalancer.ts";
import { engineOfTest } from "./router-test.ts";

export interface HarnessOptions {
  readonly store?: MemoryDisk;
  readonly clock?: FakeClock;
  readonly random?: () => number;
  readonly limits?: Partial<ConsumerLimits>;
  /** Destinations by id. */
  readonly destinations: Readonly<Record<string, Pick<FakeDestination, "type">>>;
  readonly settings?: Readonly<Record<string, FakeSettings>>;
  readonly filters?: Readonly<Record<string, EventFilter>>;
  /** Source id to destination ids. @default `shop` to all */
  readonly sources?: Readonly<Record<string, readonly string[]>>;
  readonly step?: number;
  /** Partitions of `events` and the retry topics. @default as the test is run (`router-test.ts`) */
  readonly partitions?: number;
  /** @default 1000 */
  readonly dedupeIds?: number;
  /** Bytes for the events of all destinations. @default as the router's */
  readonly memory?: number;
  /** Destinations by id. */
  readonly pipelines?: Readonly<Record<string, DestinationPipeline>>;
}

/** Where an event stands in `events`. */
type AcceptedPlace = readonly [partition: number, offset: number, index: number];

/** Places of the events of each accepted request, by log. */
const requests = new WeakMap<MemoryDisk, AcceptedPlace[][]>();

function requestsOf(store: MemoryDisk): AcceptedPlace[][] {
  const found = requests.get(store) ?? [];
  requests.set(store, found);
  return found;
}

/** A router over an engine in memory and a clock that stands still, until the test moves it. */
export class RouterHarness {
  readonly store: MemoryDisk;
  readonly engine: MemoryEngine;
  readonly clock: FakeClock;
  readonly log: string[] = [];
  readonly router: Router;
  /** The configuration that it was opened with. */
  readonly config: RouterConfig;
  /** Moves partitions while the test goes on. */
  readonly #rebalancer: Rebalancer | undefined;

  private constructor(
    made: Pick<RouterHarness, "engine" | "clock" | "router" | "config" | "log">,
    rebalancer?: Rebalancer,
  ) {
    this.store = made.engine.store;
    this.engine = made.engine;
    this.clock = made.clock;
    this.router = made.router;
    this.config = made.config;
    this.log = made.log;
    this.#rebalancer = rebalancer;
  }

  static async open(options: HarnessOptions): Promise<RouterHarness> {
    const { pipelines = {}, store = new MemoryDisk(), clock = new FakeClock(), random = () => 0.5, step = 1 } = options;
    const run = options.partitions === undefined ? engineOfTest() : undefined;
    const partitions = options.partitions ?? run?.partitions ?? 1;
    const ids = Object.keys(options.destinations);
    const sources: Source[] = Object.entries(options.sources ?? { shop: ids }).map(([id, destinations]) => ({
      id,
      name: id,
      writeKeys: [id],
      enabled: true,
      destinations,
    }));
    const destinations: Destination[] = ids.map((id) => ({
      id,
      name: id,
      type: id,
      enabled: true,
      settings: options.settings?.[id] ?? {},
      ...(options.filters?.[id] === undefined ? {} : { filter: options.filters[id] }),
    }));
    const types = new Map(ids.map((id): [string, DestinationType] => [id, options.destinations[id]!.type]));
    const engine = new MemoryEngine(store, {
      step,
      wall: () => clock.wall(),
      partitions: (topic) => (topic === "events" || topic.startsWith("retry.") ? partitions : 1),
    });
    const log: string[] = [];
    const write = (fields: object | string, message?: string) => {
      log.push(typeof fields === "string" ? fields : `${message} ${JSON.stringify(fields)}`);
    };
    const logger: PlaneLogger = { debug: write, info: write, warn: write, error: write };
    const tap = new Tap();
    const transactional = ids.filter((id) => types.get(id)?.transactional === true);
    run?.watch(tap, engine, { sources, destinations }, transactional);
    const router = await Router.open({
      engine,
      sources,
      destinations,
      types,
      tools: { directory: "/", now: () => clock.wall(), userAgent: "Pintle/test" },
      clock,
      random,
      logger,
      ...(run === undefined ? {} : { tap }),
      dedupeIds: options.dedupeIds ?? 1000,
      pipelineOf: ({ id }) => pipelines[id] ?? {},
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const rebalancer = run?.moves ? new Rebalancer(engine, clock, run.random, partitions) : undefined;
    return new RouterHarness({ engine, clock, router, config: { sources, destinations }, log }, rebalancer);
  }

  /**
   * Appends one record for each partition that there are events for, and lets what it sets off
   * happen.
   */
  async accept(events: readonly TestEvent[], sourceId?: string): Promise<void> {
    this.#rebalancer?.perhaps();
    const count = this.engine.partitions("events");
    const places: AcceptedPlace[] = [];
    for (let partition = 0; partition < count; partition++) {
      const its = events.flatMap((event, at) =>
        partitionOf(hashUserKey(event.userId ?? "u"), count) === partition ? [{ event, at }] : [],
      );
      if (its.length === 0) continue;
      const { offset } = await this.engine.append("events", {
        partition,
        ...eventRecord(
          its.map(({ event }) => event),
          sourceId,
        ),
      });
      its.forEach(({ at }, index) => {
        places[at] = [partition, offset, index];
      });
      this.#rebalancer?.perhaps();
    }
    requestsOf(this.store).push(places);
    await settle();
    this.#rebalancer?.perhaps();
    await settle();
  }

  /** Takes a partition away, and gives the time that this takes. */
  async revoke(partition: number): Promise<void> {
    await this.#whileTimeGoesOn(this.engine.revoke(partition));
  }

  /** Gives a partition that was taken away. */
  async assign(partition: number): Promise<void> {
    await this.engine.assign(partition);
    await settle();
  }

  /** Changes the configuration while the clock goes on. */
  async change(config: RouterConfig, within?: number): Promise<void> {
    await this.#whileTimeGoesOn(this.router.change(config, within));
    engineOfTest()?.configured(this.engine, config);
  }

  async status(id: string): Promise<DestinationStatus> {
    const { destinations } = await this.router.status();
    const found = destinations.find((status) => status.id === id);
    if (found === undefined) throw new Error(`No destination ${id}`);
    return found;
  }

  /**
   * Progress of a destination as it was last saved, in what was accepted: however many partitions
   * there are, an event is the one with this position in the request with this number.
   */
  progressOf(id: string): Progress | undefined {
    const count = this.engine.partitions("events");
    const saved = Array.from({ length: count }, (_, partition) => this.store.savesOf("events", id, partition).at(-1));
    if (count === 1 || saved.includes(undefined)) return saved[0];
    const hasEnded = ([partition, offset, index]: AcceptedPlace): boolean => {
      const { low, finished } = saved[partition]!;
      return offset < low || finished.some(([at, position]) => at === offset && position === index);
    };
    const requests = requestsOf(this.store).map((places) => places.map(hasEnded));
    const firstOpen = requests.findIndex((ended) => ended.includes(false));
    const low = firstOpen === -1 ? requests.length : firstOpen;
    const finished = requests.flatMap((ended, number) =>
      ended.flatMap((isEnded, index): [number, number][] => (isEnded && number >= low ? [[number, index]] : [])),
    );
    return { low, finished };
  }

  /** Closes the router while the clock goes on. */
  async close(within?: number): Promise<void> {
    this.#rebalancer?.stop();
    await this.#whileTimeGoesOn(this.router.close(within));
  }

  async #whileTimeGoesOn(work: Promise<void>): Promise<void> {
    let done = false;
    const end = () => {
      done = true;
    };
    work.then(end, end);
    while (!done) await this.clock.advance(100);
    await work;
  }
}
