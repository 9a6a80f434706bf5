import { isDeepStrictEqual } from "node:util";
import type { DestinationType, Tools } from "@pintle/kit";
import { secretsOf } from "@pintle/kit/host";
import type { Engine } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";
import type { PlaneLogger } from "../logger.ts";
import type { Destination } from "../model/destination.ts";
import type { Source } from "../model/source.ts";
import type { DeadLetter } from "../records/dead-letter.ts";
import { openRecord } from "../records/event-record.ts";
import { scanRecord } from "../records/raw/scan-record.ts";
import { Redactor } from "../redactor.ts";
import { Consumer } from "./consumer.ts";
import { type ConsumerDestination, consumerDestination } from "./consumer-destination.ts";
import type { Replaying } from "./dead/dead-letters.ts";
import { Deduper } from "./dedupe/deduper.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Retried, RouterStatus } from "./ledger/status.ts";
import { Tap } from "./ledger/tap.ts";
import { MemoryBudget } from "./memory/budget.ts";
import type { ConsumerLimits } from "./memory/limits.ts";
import { DecodedRecords } from "./read/decoded-records.ts";
import type { Beginnings } from "./registry/beginnings.ts";
import { DestinationRegistry } from "./registry/destination-registry.ts";
import type { ReplayTarget } from "./replay/log-replay.ts";
import { replayedLetter } from "./replay/replayed-event.ts";
import { backoff } from "./time/backoff.ts";
import type { Clock } from "./time/clock.ts";
import type { EventTransform, Throttle } from "./transform/event-transform.ts";

export interface RouterOptions {
  readonly engine: Engine;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  readonly types: ReadonlyMap<string, DestinationType>;
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly logger: PlaneLogger;
  /** @default the one that the engine has */
  readonly registry?: DestinationRegistry | undefined;
  /** @default where the log ends when the destination is started */
  readonly beginnings?: Beginnings | undefined;
  readonly limits?: Partial<ConsumerLimits>;
  /** Bytes of memory for the events of all destinations together. @default 256 MiB */
  readonly memory?: number;
  /**
   * How many events before an event are looked at to see whether it was sent before. @default
   * 1,000,000
   */
  readonly dedupeIds?: number;
  /** Called with what keeps a destination from being started again, unless it passes by itself. */
  readonly failed?: (error: unknown) => void;
  /**
   * What stands between the filter of a destination and its delivery. Called when its consumer is
   * made, that is, when it starts and after each change of its entry in the configuration.
   */
  readonly pipelineOf?: (destination: Destination) => DestinationPipeline;
  /** @default one that nobody watches yet */
  readonly tap?: Tap;
}

export interface DestinationPipeline {
  readonly transform?: EventTransform | undefined;
  readonly throttle?: Throttle | undefined;
}

/** The part of a configuration that can be changed at run time. */
export type RouterConfig = Pick<RouterOptions, "sources" | "destinations" | "beginnings">;

interface Member {
  readonly consumer: Consumer;
  /**
   * What its consumer was made of: as long as this is the same, a change of the configuration
   * leaves it alone.
   */
  readonly made: readonly [Destination, ConsumerDestination["sources"]];
}

/** Bytes of heap for records that destinations which read side by side share. */
const mostDecoded = 4 << 20;

/** Brings every event of the log to every enabled destination that its source is connected to. */
export class Router {
  /** Where every step of every event can be watched. */
  readonly tap: Tap;
  readonly #options: RouterOptions;
  readonly #registry: DestinationRegistry;
  readonly #log: string;
  readonly #budget: MemoryBudget;
  /** What destinations that read side by side share. */
  readonly #decoded: DecodedRecords;
  /** Bytes of memory for all of it. */
  readonly #memory: number;
  readonly #members = new Map<string, Member>();
  /** Redactors by destination id. */
  readonly #redactors = new Map<string, Redactor>();
  readonly #dedupers = new Map<number, Deduper>();
  /** Destinations that are to be started again. */
  readonly #retries = new Set<() => void>();
  #changing: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(options: RouterOptions, registry: DestinationRegistry, log: string) {
    this.#options = options;
    this.tap = options.tap ?? new Tap();
    this.#registry = registry;
    this.#log = log;
    this.#memory = options.memory ?? 256 << 20;
    const decoded = Math.min(mostDecoded, this.#memory / 32);
    this.#decoded = new DecodedRecords(decoded);
    this.#budget = new MemoryBudget(this.#memory - decoded, () => options.clock.now());
  }

  /**
   * Resolves when every destination has its place in the log: what is accepted from then on is not
   * missed by any of them.
   *
   * @throws EngineError when the engine cannot be read; ServerError for a destination whose type is
   * not known
   */
  static async open(options: RouterOptions): Promise<Router> {
    const registry = options.registry ?? (await DestinationRegistry.open(options.engine));
    const router = new Router(options, registry, await registry.logId());
    try {
      await router.change(options);
      await registry.markOpened();
    } catch (error) {
      await router.close(0);
      throw error;
    }
    return router;
  }

  /**
   * Goes on with another configuration, without losing an event. A destination that is the same
   * stays untouched. One that was changed lets what is on its way end, at most `within`
   * milliseconds, and goes on from where it stands: its counts too, while its breaker begins anew,
   * so that mended settings are tried at once. Changes take turns.
   *
   * @throws EngineError, ServerError as in `open`
   */
  change({ sources, destinations, beginnings }: RouterConfig, within = 5000): Promise<void> {
    const changed = this.#changing.then(async () => {
      if (this.#closed) return;
      const { types } = this.#options;
      const wanted = new Map(
        destinations
          .filter(({ enabled }) => enabled)
          .map((entry) => [entry.id, { entry, destination: consumerDestination(entry, sources, types) }]),
      );
      const leaving = [...this.#members].filter(([id, { made }]) => {
        const next = wanted.get(id);
        return next === undefined || !isDeepStrictEqual(made, [next.entry, next.destination.sources]);
      });
      const ledgers = new Map(leaving.map(([id, { consumer }]) => [id, consumer.ledger]));
      await Promise.all(
        leaving.map(async ([id, { consumer }]) => {
          await consumer.close(within);
          this.#members.delete(id);
        }),
      );
      // All have their places before any begins: one with a large backlog would keep those behind
      // it from starting.
      const placed: Consumer[] = [];
      for (const [id, { entry, destination }] of wanted) {
        if (this.#members.has(id) || this.#closed) continue;
        const consumer = this.#consumer(
          { ...destination, ...this.#options.pipelineOf?.(entry) },
          ledgers.get(id),
          beginnings?.[id],
          entry.ownType !== undefined,
        );
        this.#members.set(id, { consumer, made: [entry, destination.sources] });
        if (await this.#start(consumer)) placed.push(consumer);
      }
      for (const consumer of placed) consumer.begin();
      // The status lists them in the order of the configuration.
      for (const id of wanted.keys()) {
        const member = this.#members.get(id);
        if (member === undefined) continue;
        this.#members.delete(id);
        this.#members.set(id, member);
      }
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /**
   * Says whether it is in its place. Where the storage is what fails (the disk is full), the others
   * go on, and it is tried again, and begins, as soon as it can.
   */
  async #start(consumer: Consumer, failures = 0): Promise<boolean> {
    try {
      await consumer.start();
      return true;
    } catch (error) {
      if (!(error instanceof EngineError) || !error.retryable) throw error;
      if (failures === 0) consumer.ledger.problems.report("storage", error.message);
      else consumer.ledger.problems.note("storage", error.message);
      const { clock, random } = this.#options;
      const cancel = clock.after(backoff(failures + 1, random), () => {
        this.#retries.delete(cancel);
        const isCurrent = this.#members.get(consumer.id)?.consumer === consumer && !this.#closed;
        if (!isCurrent) return;
        this.#start(consumer, failures + 1).then(
          (isPlaced) => isPlaced && consumer.begin(),
          (reason: unknown) => this.#options.failed?.(reason),
        );
      });
      this.#retries.add(cancel);
      return false;
    }
  }

  #consumer(
    destination: ConsumerDestination,
    before: Ledger | undefined,
    beginnings: readonly number[] | undefined,
    isOwn: boolean,
  ): Consumer {
    const { engine, tools, clock, random, logger, limits } = this.#options;
    // A secret that was replaced may come up once more, in the problem that it was replaced for.
    const redactor = this.#redactors.get(destination.id) ?? new Redactor();
    this.#redactors.set(destination.id, redactor);
    redactor.learn([...secretsOf(destination.type.settings, destination.settings), ...(destination.secrets ?? [])]);
    const redact = (text: string) => redactor.hiding.words(text);
    const budget = this.#budget;
    const common = {
      budget,
      tap: this.tap,
      engine,
      registry: this.#registry,
      log: this.#log,
      tools,
      clock,
      random,
      logger,
      redact,
    };
    const deduper = (partition: number) => this.#deduper(partition);
    return new Consumer({
      ...common,
      destination,
      before,
      beginnings,
      deduper,
      released: (partition) => this.#released(partition),
      // What the owner's code is given is nobody else's.
      open: (record) => (this.#members.size > 1 && !isOwn ? this.#decoded.open(record) : openRecord(record)),
      scan: (record) => (this.#members.size > 1 && !isOwn ? this.#decoded.scan(record) : scanRecord(record)),
      ...(limits === undefined ? {} : { limits }),
    });
  }

  /**
   * Gives dead letters to their destination once more, through its filter and transformation as
   * they are then. Those of a user key go out in the order of the list, one after the other; they
   * wait for no others. Resolves when it is durable that they will go out: then, and not before,
   * their letters can be marked.
   *
   * @throws TypeError when no such destination is at work; TypeError for a record that could not be
   * taken apart
   */
  async replay(destinationId: string, letters: readonly DeadLetter[]): Promise<void> {
    const { consumer } = this.#member(destinationId);
    const unreadable = letters.find(({ reason }) => reason === "record");
    if (unreadable !== undefined) {
      throw new TypeError(`The record ${unreadable.offset} of events cannot be taken apart, nor be sent`);
    }
    await consumer.replay(letters.map(replayedLetter));
  }

  /**
   * How dead letters of a destination are replayed: by its filter as it is at each of them.
   *
   * @throws TypeError when no such destination is at work
   */
  replaying(destinationId: string): Replaying {
    this.#member(destinationId);
    return {
      fate: ({ event, sourceId }) => this.#member(destinationId).consumer.judge(event, sourceId),
      give: (letters) => this.replay(destinationId, letters),
      filtered: (reason, count) => this.#members.get(destinationId)?.consumer.denyReplay(reason, count),
    };
  }

  /**
   * Tries what waits for another attempt at a destination now, without waiting: the destination
   * itself, if it is in trouble (also where it asked for a pause), and its events that wait.
   *
   * @throws TypeError when no such destination is at work
   */
  retryNow(destinationId: string): Retried {
    return this.#member(destinationId).consumer.retryNow();
  }

  /** A destination as a replay of the log needs it; `undefined` while it is not at work. */
  replayTarget(destinationId: string): ReplayTarget | undefined {
    const member = this.#members.get(destinationId);
    if (member === undefined) return undefined;
    const { consumer } = member;
    return {
      judge: (event, sourceId) => consumer.judge(event, sourceId),
      waiting: () => consumer.inRetry,
      hasRoom: () => consumer.hasRoom,
      replay: (events) => consumer.replay(events),
      filtered: (reason, count) => consumer.denyReplay(reason, count),
    };
  }

  #member(destinationId: string): Member {
    const member = this.#members.get(destinationId);
    if (member === undefined) throw new TypeError(`No destination with the id "${destinationId}" is at work`);
    return member;
  }

  /** One for each partition, and for all destinations. */
  #deduper(partition: number): Deduper {
    const { engine, dedupeIds } = this.#options;
    let deduper = this.#dedupers.get(partition);
    if (deduper === undefined) {
      deduper = new Deduper(Math.ceil((dedupeIds ?? 1_000_000) / engine.partitions("events")));
      this.#dedupers.set(partition, deduper);
    }
    return deduper;
  }

  /** What was sent before it in a partition, its next owner reads for itself. */
  #released(partition: number): void {
    const isOwned = this.#consumers.some(({ ledger }) => ledger.partition(partition) !== undefined);
    if (!isOwned) this.#dedupers.delete(partition);
  }

  /** Partitions whose latest ids are in memory, for finding duplicates. */
  get deduped(): readonly number[] {
    return [...this.#dedupers.keys()];
  }

  /** Events in memory, by destination id. */
  get inMemory(): ReadonlyMap<string, number> {
    return new Map(this.#consumers.map(({ id, ledger }) => [id, ledger.events]));
  }

  async status(): Promise<RouterStatus> {
    const destinations = await Promise.all(this.#consumers.map((consumer) => consumer.status()));
    return { memory: { held: this.#budget.held + this.#decoded.held, bytes: this.#memory }, destinations };
  }

  /** Finishes what is on its way, at most `within` milliseconds, and saves progress. */
  async close(within = 5000): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#retries) cancel();
    await Promise.all(this.#consumers.map((consumer) => consumer.close(within)));
  }

  get #consumers(): Consumer[] {
    return [...this.#members.values()].map(({ consumer }) => consumer);
  }
}
