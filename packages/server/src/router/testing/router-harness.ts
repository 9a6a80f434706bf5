import { hashUserKey } from "@pintle/events";
import type { DestinationType } from "@pintle/kit";
import { partitionOf } from "../../engine/partition-of.ts";
import type { PlaneLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import type { EventFilter } from "../../model/event-filter.ts";
import type { Source } from "../../model/source.ts";
import type { DestinationStatus } from "../ledger/status.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import { type DestinationPipeline, Router, type RouterConfig } from "../router.ts";
import { eventRecord, type TestEvent } from "./event-records.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import type { FakeDestination, FakeSettings } from "./fake-destination.ts";
import { MemoryDisk, MemoryEngine } from "./memory-engine.ts";

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
  /** Partitions of `events` and the retry topics. @default 1 */
  readonly partitions?: number;
  /** @default 1000 */
  readonly dedupeIds?: number;
  /** Bytes for the events of all destinations. @default as the router's */
  readonly memory?: number;
  /** Destinations by id. */
  readonly pipelines?: Readonly<Record<string, DestinationPipeline>>;
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

  private constructor(engine: MemoryEngine, clock: FakeClock, router: Router, config: RouterConfig, log: string[]) {
    this.store = engine.store;
    this.engine = engine;
    this.clock = clock;
    this.router = router;
    this.config = config;
    this.log = log;
  }

  static async open(options: HarnessOptions): Promise<RouterHarness> {
    const {
      pipelines = {},
      store = new MemoryDisk(),
      clock = new FakeClock(),
      random = () => 0.5,
      step = 1,
      partitions = 1,
    } = options;
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
    const router = await Router.open({
      engine,
      sources,
      destinations,
      types,
      tools: { directory: "/", now: () => clock.wall(), userAgent: "Pintle/test" },
      clock,
      random,
      logger,
      dedupeIds: options.dedupeIds ?? 1000,
      pipelineOf: ({ id }) => pipelines[id] ?? {},
      ...(options.memory === undefined ? {} : { memory: options.memory }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    return new RouterHarness(engine, clock, router, { sources, destinations }, log);
  }

  /**
   * Appends one record for each partition that there are events for, and lets what it sets off
   * happen.
   */
  async accept(events: readonly TestEvent[], sourceId?: string): Promise<void> {
    const count = this.engine.partitions("events");
    for (let partition = 0; partition < count; partition++) {
      const its = events.filter(({ userId = "u" }) => partitionOf(hashUserKey(userId), count) === partition);
      if (its.length > 0) await this.engine.append("events", { partition, ...eventRecord(its, sourceId) });
    }
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
  }

  async status(id: string): Promise<DestinationStatus> {
    const { destinations } = await this.router.status();
    const found = destinations.find((status) => status.id === id);
    if (found === undefined) throw new Error(`No destination ${id}`);
    return found;
  }

  /** Progress of a destination as it was last saved. */
  progressOf(id: string): { low: number; finished: readonly (readonly [number, number])[] } | undefined {
    return this.store.savesOf("events", id).at(-1);
  }

  /** Closes the router while the clock goes on. */
  async close(within?: number): Promise<void> {
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
