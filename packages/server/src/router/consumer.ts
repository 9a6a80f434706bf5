import type { Tools } from "@pintle/kit";
import type { Engine, EngineRecord } from "../engine/engine.ts";
import type { PlaneLogger } from "../logger.ts";
import { type OpenedRecord, openRecord } from "../records/event-record.ts";
import { type ScannedRecord, scanRecord } from "../records/raw/scan-record.ts";
import type { Redact } from "../redactor.ts";
import type { ConsumerDestination } from "./consumer-destination.ts";
import { DeadLetterWriter } from "./dead/dead-letter-writer.ts";
import type { Deduper } from "./dedupe/deduper.ts";
import { Breaker } from "./deliver/breaker.ts";
import { Deliverer } from "./deliver/deliverer.ts";
import { Positions } from "./deliver/positions.ts";
import { type FilteredEvent, filterLater, type LaterFilterResult } from "./filter/filter.ts";
import { eventsTopic, GroupMembership } from "./group-membership.ts";
import { Lanes } from "./lanes/lanes.ts";
import { Counters } from "./ledger/counters.ts";
import { filtered } from "./ledger/ending.ts";
import { Ledger } from "./ledger/ledger.ts";
import { Problems } from "./ledger/problems.ts";
import type { DestinationStatus, Retried } from "./ledger/status.ts";
import type { Tap } from "./ledger/tap.ts";
import type { MemoryBudget, MemoryShare } from "./memory/budget.ts";
import { valueCost } from "./memory/heap-cost.ts";
import { type ConsumerLimits, defaultLimits } from "./memory/limits.ts";
import { Backpressure } from "./read/backpressure.ts";
import { Reader } from "./read/reader.ts";
import { RecordTaker } from "./read/record-taker.ts";
import type { TakeRules } from "./read/take-record.ts";
import { concernsOf, countUnread } from "./read/unread.ts";
import type { DestinationRegistry } from "./registry/destination-registry.ts";
import type { ReplayedEvent } from "./retry/retry-partition.ts";
import { RetryTopic } from "./retry/retry-topic.ts";
import { atMost, type Clock } from "./time/clock.ts";

export interface ConsumerOptions {
  readonly destination: ConsumerDestination;
  readonly engine: Engine;
  readonly registry: DestinationRegistry;
  /** Identity of the log. */
  readonly log: string;
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly logger: PlaneLogger;
  readonly redact: Redact;
  readonly limits?: Partial<ConsumerLimits>;
  /** Finds the events of a partition that clients sent twice. @default nobody looks for them */
  readonly deduper?: ((partition: number) => Deduper) | undefined;
  /** Hears that a partition was taken away, while the destination goes on. */
  readonly released?: ((partition: number) => void) | undefined;
  /** Opens a record of `events`. @default by itself */
  readonly open?: ((record: EngineRecord) => OpenedRecord) | undefined;
  /** The same with its events as bytes. @default by itself */
  readonly scan?: ((record: EngineRecord) => ScannedRecord) | undefined;
  /** Shared by all destinations. */
  readonly budget: MemoryBudget;
  readonly tap: Tap;
  /**
   * Offsets by partition where it begins, if this folder has not seen it before. @default where the
   * log ends
   */
  readonly beginnings?: readonly number[] | undefined;
  /**
   * Counters of the consumer that this one takes over from, when settings change at run time: its
   * counts go on.
   */
  readonly before?: Pick<Ledger, "counters" | "problems"> | undefined;
}

/**
 * Brings the events of the log to one destination: a consumer group of its own, so that no other
 * destination feels how this one fares. Each event that it reads ends in exactly one of four ways,
 * and is counted when it does:
 *
 * delivered | filtered (reason) | dead (reason), durable in `dead.<id>` | still waiting, in memory
 * and above the saved progress
 *
 * An event is finished when it has ended; only then may progress move past it. What is lost when
 * the process dies is therefore at most the knowledge that something had ended: it is done again,
 * never left out.
 *
 * It puts the parts together, in the order of an event's way: the reader takes records in, as far
 * as there is room; lanes keep users apart; the deliverer sends; what waits for long goes to the
 * retry topic, what is given up to the dead letters. What they share is the ledger.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #destination: ConsumerDestination;
  readonly #rules: TakeRules;
  readonly #share: MemoryShare;
  readonly #ledger: Ledger;
  readonly #lanes: Lanes;
  readonly #breaker: Breaker;
  readonly #deadLetters: DeadLetterWriter;
  readonly #retry: RetryTopic;
  readonly #reader: Reader;
  readonly #deliverer: Deliverer;
  /** Positions, where the destination commits its position with the events. */
  readonly #positions: Positions | undefined;

  readonly #membership: GroupMembership;
  #closing: Promise<void> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { destination, engine, clock, random, logger, redact, budget, before } = options;
    const { type, id, name, filter, settings, transform, throttle, sources } = destination;
    this.#destination = destination;
    const given = { ...defaultLimits, ...options.limits };
    const limits = { ...given, readAhead: Math.max(given.readAhead, 2 * type.batch(settings).events) };
    const share = budget.join(() => this.#wake());
    const ledger = new Ledger({
      clock,
      counters: before?.counters ?? new Counters(),
      problems: before?.problems.handOver(name, redact) ?? new Problems({ name, clock, logger, redact }),
      share,
      saveInterval: limits.saveInterval,
      wake: () => this.#wake(),
      id,
      tap: options.tap,
    });
    // What a transformation is to change has to be an object.
    const isRaw = type.raw === true && transform === undefined;
    const rules: TakeRules = {
      copies: transform === undefined ? 1 : 2,
      fits: (bytes) => share.fits(bytes),
      filter: { ...filter, name, displayName: type.displayName, names: type.names },
      sources,
      concerns: concernsOf(sources, ledger),
      open: options.open ?? openRecord,
      scan: isRaw ? (options.scan ?? scanRecord) : undefined,
    };
    const lanes = new Lanes(limits);
    // A transactional destination prepares one batch while the one before it is committed.
    const breaker = new Breaker(type.transactional === true ? 2 : Math.max(1, type.concurrency(settings)), random);
    const backpressure = new Backpressure({ limits, budget, share, ledger, lanes, breaker });
    const deadLetters = new DeadLetterWriter({ destinationId: id, engine, clock, random, ledger });
    const common = { clock, random, ledger, lanes, limits, budget, backpressure, rules, deadLetters };
    const taker = new RecordTaker({ ...common, isOrdered: settings.order !== false });
    this.#share = share;
    this.#ledger = ledger;
    this.#rules = rules;
    this.#lanes = lanes;
    this.#breaker = breaker;
    this.#deadLetters = deadLetters;
    this.#positions = type.transactional === true ? this.#newPositions() : undefined;
    this.#reader = new Reader({ ...common, taker, readBytes: limits.readBytes, deduper: options.deduper });
    this.#retry = new RetryTopic({ ...common, engine, parks: type.transactional !== true });
    this.#deliverer = new Deliverer({
      ...common,
      ...{ type, settings, breaker, share, sources, transform, throttle, isRaw },
      tools: this.#tools(),
      history: {
        hasDelivered: options.registry.hasDelivered(id),
        delivered: () => void options.registry.addDelivered(id),
      },
      positions: this.#positions,
      inFlightBytes: limits.inFlightBytes,
    });
    this.#membership = new GroupMembership({
      ...{ id, engine, clock, ledger, lanes },
      registry: options.registry,
      reader: this.#reader,
      retry: this.#retry,
      positions: this.#positions,
      fromStart: settings.from === "start",
      beginnings: options.beginnings,
      released: options.released,
    });
  }

  #tools(): Tools {
    const { id, name, rudderStackId, secrets = [] } = this.#destination;
    const own = { destinationId: id, destinationName: name, secrets };
    return { ...this.#options.tools, ...own, ...(rudderStackId === undefined ? {} : { rudderStackId }) };
  }

  #newPositions(): Positions {
    const { registry, log } = this.#options;
    return new Positions({
      log,
      topic: eventsTopic,
      beginningOf: ({ source }) => {
        const began = registry.beginningOf(this.id, source.partition);
        return began === undefined ? undefined : { low: Math.max(began, source.start()), finished: [] };
      },
      begin: (partition, at) => this.#membership.beginAt(partition, at),
    });
  }

  /** Does whatever has become possible. */
  #wake(): void {
    if (!this.#ledger.hasStarted) return;
    this.#deliverer.pump();
    this.#retry.pump();
    this.#reader.pump();
  }

  get id(): string {
    return this.#destination.id;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /**
   * Joins the log. Resolves when it is durable where this destination begins in the partitions that
   * it got; nothing is read before `begin`. Called again after it was rejected, it goes on from
   * where that was.
   */
  start(): Promise<void> {
    return this.#membership.join();
  }

  /** Begins to read and to deliver. To be called once it has joined the log. */
  begin(): void {
    if (this.#ledger.isStopping) return;
    this.#ledger.start();
    this.#membership.begin();
    this.#wake();
  }

  // --- what is given to it once more ---

  /** Gives events to the destination once more. Resolves when that they will be is durable. */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const cost = events.reduce(
      (sum, { raw, bytes }) => sum + (raw.given === undefined ? 0 : valueCost(raw.given)) + 3 * bytes,
      0,
    );
    this.#share.take(cost);
    try {
      await this.#retry.replay(events);
    } finally {
      this.#share.give(cost);
    }
  }

  /** Whether there is memory for events that are to be replayed. */
  get hasRoom(): boolean {
    return this.#share.fits(1);
  }

  /** What becomes of an event that is given to it once more, as it is configured. */
  judge(event: FilteredEvent, sourceId: string): LaterFilterResult {
    return filterLater(event, sourceId, this.#rules.filter, this.#rules.sources);
  }

  /** Counts events that were to be given to it once more, and are not for it. */
  denyReplay(reason: LaterFilterResult, count: number): void {
    this.#ledger.counters.replayed += count;
    this.#ledger.count(filtered(reason), count);
  }

  /** Events in its retry topic that have not ended. */
  get inRetry(): number {
    return this.#retry.open;
  }

  /** @see Router.retryNow */
  retryNow(): Retried {
    const state = this.#state;
    if (state === "stopped") return { state, lanes: 0 };
    this.#breaker.retryNow();
    const lanes = this.#lanes.wakeAll();
    this.#wake();
    return { state, lanes };
  }

  // --- status ---

  get #state(): DestinationStatus["state"] {
    return this.#reader.isStopped ? "stopped" : this.#breaker.state;
  }

  /**
   * How the destination stands. Everything in it is of one instant, the one at which the promise
   * resolves.
   *
   * @param countFor milliseconds that counting what is unread may take
   */
  async status(countFor = 500): Promise<DestinationStatus> {
    const { clock } = this.#options;
    const deadline = clock.now() + countFor;
    const counting = this.#ledger.partitions.map((partition) =>
      countUnread(partition, this.#rules.concerns, clock, deadline),
    );
    const counted = await Promise.all(counting);
    const { id, name, type } = this.#destination;
    const { problems, counters, events, unread, records, oldest } = this.#ledger;
    const waiting = events + this.#retry.waiting + unread;
    const seconds = oldest === undefined ? 0 : Math.max(0, (clock.wall() - oldest) / 1000);
    return {
      id,
      name,
      type: type.type,
      state: this.#state,
      ...counters.toJSON(),
      ...(problems.latest === undefined ? {} : { problem: problems.latest }),
      waiting,
      inFlight: this.#deliverer.inFlight,
      ...this.#nextAttempt(),
      lanesWaiting: this.#lanes.waiting,
      lanesParked: this.#retry.lanes,
      memory: this.#share.held,
      lag: { records, events: waiting, seconds },
      counted: counted.every(Boolean),
    };
  }

  #nextAttempt(): Pick<DestinationStatus, "nextAttempt"> {
    const { clock } = this.#options;
    const at = this.#deliverer.nextAttempt;
    if (at === undefined || this.#reader.isStopped) return {};
    return { nextAttempt: new Date(clock.wall() + Math.max(0, at - clock.now())).toISOString() };
  }

  // --- closing ---

  /**
   * Sends nothing more, waits for what is on its way, at most `within` milliseconds, saves progress
   * and leaves the group. What was not finished is delivered again after the next start. Called
   * again it does nothing more.
   */
  close(within = 5000): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #close(within: number): Promise<void> {
    const { clock } = this.#options;
    this.#deliverer.stop();
    const drained = this.#ledger.drain();
    for (const { abort } of this.#ledger.partitions) abort.abort();
    this.#reader.signal();
    await atMost(clock, within, drained);
    this.#ledger.stop();
    this.#deadLetters.close();
    this.#retry.stop();
    await atMost(clock, 1000, this.#deliverer.close());
    void this.#destination.transform?.close().catch(() => {});
    this.#ledger.close();
    await this.#membership.leave();
    this.#share.leave();
  }
}
