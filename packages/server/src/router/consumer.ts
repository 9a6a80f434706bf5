import { hashUserKey, userKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { DestinationType, EventSource, Position, Tools } from "@pintle/kit";
import type { AssignedPartition, Engine, EngineRecord, Subscription } from "../engine/engine.ts";
import type { Logger } from "../logger.ts";
import type { EventFilter } from "../model/event-filter.ts";
import type { Redact } from "../redactor.ts";
import { DeadLetterWriter } from "./dead/dead-letter-writer.ts";
import type { Deduper } from "./dedupe/deduper.ts";
import { Deliverer } from "./deliver/deliverer.ts";
import { Positions } from "./deliver/positions.ts";
import { type Entry, Lanes } from "./lanes/lanes.ts";
import { Account } from "./ledger/counters.ts";
import { newPartitionState, type PartitionState, progressOf } from "./ledger/partition.ts";
import type { DestinationStatus, Retried } from "./ledger/status.ts";
import type { MemoryBudget, MemoryShare } from "./memory/budget.ts";
import { valueCost } from "./memory/heap-cost.ts";
import { type ConsumerLimits, defaultLimits } from "./memory/limits.ts";
import { Backpressure } from "./read/backpressure.ts";
import { filterLater, type LaterFilterResult } from "./read/filter.ts";
import { Reader } from "./read/reader.ts";
import { takeGap } from "./read/retention-gap.ts";
import { type TakeRules, takeRecord, unknownType } from "./read/take-record.ts";
import { type Concerns, countedAsUnread, countUnread } from "./read/unread.ts";
import type { DestinationRegistry } from "./registry/destination-registry.ts";
import { finishKnown, type KnownEvents } from "./retry/restore.ts";
import { type ReplayedEvent, RetryTopic } from "./retry/retry-topic.ts";
import type { Clock } from "./time/clock.ts";
import type { EventTransform, Throttle } from "./transform/event-transform.ts";

/** A destination as the router needs it. */
export interface ConsumerDestination {
  readonly id: string;
  readonly rudderStackId?: string;
  readonly name: string;
  readonly type: DestinationType;
  readonly filter?: EventFilter | undefined;
  /** What the type's schema made of its keys in the configuration. */
  readonly settings: {
    readonly from?: "start" | "end" | undefined;
    readonly maxAge: number;
    readonly order?: boolean | undefined;
    readonly retry?: { readonly max: number } | undefined;
  };
  /** The sources that are connected to it, by id. */
  readonly sources: ReadonlyMap<string, EventSource>;
  /** What its events go through after the filter. It ends with the consumer. */
  readonly transform?: EventTransform | undefined;
  readonly throttle?: Throttle | undefined;
}

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
  readonly logger: Logger;
  readonly redact: Redact;
  readonly limits?: Partial<ConsumerLimits>;
  /** Finds the events of a partition that clients sent twice. @default nobody looks for them */
  readonly deduper?: ((partition: number) => Deduper) | undefined;
  /** Of all destinations. */
  readonly budget: MemoryBudget;
  /** Where it begins if this folder has not seen it before. @default where the log ends */
  readonly beginning?: number | undefined;
  /** Of the consumer that this one takes over from, when settings change at run time: the counts go on. */
  readonly account?: Account | undefined;
}

const noUserKey = hashUserKey("");

/** What is read. */
const topic = "events";

/**
 * Brings the events of the log to one destination: a consumer group of its own, so that no other destination feels how this
 * one fares. Each event that it reads ends in exactly one of four ways, and is counted when it does:
 *
 * delivered | filtered (reason) | dead (reason), durable in `dead.<id>` | still waiting, in memory and above the saved progress
 *
 * An event is finished when it has ended; only then may progress move past it. What is lost when the process dies is
 * therefore at most the knowledge that something had ended: it is done again, never left out.
 *
 * Reading stops when the window is full, and while the breaker is not closed; then the log holds what waits.
 */
export class Consumer {
  readonly #destination: ConsumerDestination;
  readonly #engine: Engine;
  readonly #registry: DestinationRegistry;
  readonly #clock: Clock;
  readonly #saveInterval: number;
  readonly #rules: TakeRules;
  readonly #account: Account;
  readonly #lanes: Lanes;
  readonly #deliverer: Deliverer;
  readonly #reader: Reader;
  readonly #deadLetters: DeadLetterWriter;
  readonly #retry: RetryTopic;
  /** Of a destination that commits its position with the events. */
  readonly #positions: Positions | undefined;

  readonly #partitions = new Map<number, PartitionState>();
  #begun: Promise<void>[] = [];
  /** Whether anything is read, and goes out. */
  #hasBegun = false;
  /** What the retry topic says about `events`. */
  #known: KnownEvents | undefined;
  #subscription: Subscription | undefined;
  readonly #share: MemoryShare;
  readonly #backpressure: Backpressure;
  /** Where it begins without progress: also if that cannot be written down at once. */
  #beginning: number | undefined;
  #cancelSave: (() => void) | undefined;
  /** Whether the save that is to come was put off because the list is long. */
  #savesLate = false;
  #closing: Promise<void> | undefined;
  /** Closed so far that nothing counts any more: whatever still comes back belongs to nobody. */
  #isOver = false;
  #onDrained: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    const { destination, engine, registry, log, tools, clock, random, logger, redact, limits } = options;
    const { type, id, rudderStackId, name, settings, transform, throttle } = destination;
    const { displayName, names } = type;
    const all = { ...defaultLimits, ...limits };
    this.#destination = destination;
    this.#engine = engine;
    this.#registry = registry;
    this.#clock = clock;
    this.#beginning = options.beginning;
    this.#saveInterval = all.saveInterval;
    const readAhead = Math.max(all.readAhead, 2 * type.batch(settings).events);
    this.#share = options.budget.join(() => this.#deliverer.pump());
    const share = this.#share;
    this.#backpressure = new Backpressure({ ...all, readAhead }, options.budget, share, () => this.#deliverer);
    const holds = { copies: transform === undefined ? 1 : 2, fits: (bytes: number) => share.fits(bytes) };
    this.#rules = {
      ...holds,
      filter: { ...destination.filter, name, displayName, names },
      sources: destination.sources,
      concerns: this.#concerns,
    };
    const account = options.account?.handOver(name, redact) ?? new Account({ name, clock, logger, redact });
    this.#account = account;
    this.#deadLetters = new DeadLetterWriter({
      destinationId: id,
      engine,
      clock,
      random,
      account,
      buried: (entry) => {
        this.#settled(entry);
        this.#finish(entry);
        this.#deliverer.pump();
        this.#checkDrained();
      },
    });
    this.#reader = new Reader({
      clock,
      random,
      account,
      readBytes: () => options.budget.readAhead(all.readBytes),
      deduper: options.deduper,
      mayRead: ({ window }) => this.#backpressure.mayRead(window),
      isOver: () => this.#closing !== undefined,
      skipGap: (partition) => this.#skipGap(partition),
      take: (record, partition, duplicates) => {
        this.#take(record, partition, duplicates);
        this.#deliverer.pump();
      },
      touched: (partition) => this.#touch(partition),
    });
    if (type.transactional === true) {
      this.#positions = new Positions({
        log,
        topic,
        beginningOf: ({ source }) => {
          const began = registry.beginningOf(id, source.partition);
          return began === undefined ? undefined : { low: Math.max(began, source.start()), finished: [] };
        },
        begin: (partition, at) => this.#beginAt(partition, at),
      });
    }
    this.#retry = new RetryTopic({
      destinationId: id,
      engine,
      clock,
      random,
      account,
      limits: all,
      budget: options.budget,
      ...holds,
      // While the destination is in trouble nothing is copied; and what is loaded in a transaction has its position in `events`.
      isOpen: () => type.transactional !== true && this.#deliverer.state === "closed",
      hasRoom: () => this.#hasBegun && this.#backpressure.mayLoad(this.#retry.loaded),
      entered: (entry) => this.#backpressure.enter(entry),
      left: (entry) => this.#backpressure.leave(entry),
      written: (entry) => this.#finish(entry),
      judge: ({ event, sourceId }) => this.judge(event, sourceId),
      denied: (entry, verdict) => {
        if (verdict === "type") {
          entry.partition.pending++;
          this.#deadLetters.bury(entry, "type", { detail: unknownType(entry.event) });
        } else {
          account.filtered.add(verdict, entry.weight);
          this.#finish(entry);
        }
      },
      lost: (entry, detail) => {
        entry.partition.pending++;
        this.#deadLetters.bury(entry, "record", { detail });
      },
      touched: (partition) => this.#touch(partition),
      moved: () => this.#deliverer.pump(),
    });
    const lanes = new Lanes(all, this.#retry);
    this.#lanes = lanes;
    this.#deliverer = new Deliverer({
      lanes,
      share,
      type,
      settings,
      tools: {
        ...tools,
        destinationId: id,
        destinationName: name,
        ...(rudderStackId === undefined ? {} : { rudderStackId }),
      },
      sources: destination.sources,
      positions: this.#positions,
      clock,
      random,
      account,
      inFlightBytes: all.inFlightBytes,
      transform,
      throttle,
      filtered: (entry, reason) => {
        account.filtered.add(reason, entry.weight);
        this.#settled(entry);
        this.#finish(entry);
      },
      delivered: (entry) => {
        account.delivered++;
        account.latency.add(Math.max(0, clock.wall() - entry.record.time) / 1000);
        this.#settled(entry);
        this.#finish(entry);
      },
      dead: (entry, reason, outcome) => this.#deadLetters.bury(entry, reason, outcome),
      writeDead: (entry, outcome) => this.#deadLetters.write(entry, outcome),
      deadWritten: (entry, reason) => {
        account.dead.add(reason, entry.weight);
        this.#settled(entry);
        this.#finish(entry);
      },
      kept: (entry) => {
        // The transformation makes it anew where keeping it would take more than the event is charged with.
        if (entry.transformed !== undefined && entry.cost < valueCost(entry.transformed)) entry.transformed = undefined;
        this.#settled(entry);
      },
      dropped: (entry) => this.#backpressure.leave(entry),
      moved: () => {
        this.#retry.pump();
        if (this.#reader.isWaiting && this.#backpressure.isWorthReading) this.#reader.signal();
        this.#checkDrained();
      },
    });
  }

  get id(): string {
    return this.#destination.id;
  }

  /** The counts, for a consumer that takes over from this one. */
  get account(): Account {
    return this.#account;
  }

  /** Bytes of memory that it is charged with. */
  get held(): number {
    return this.#share.held;
  }

  /** Events in memory that are not finished: bounded, whatever waits. */
  get inMemory(): number {
    return this.#backpressure.events;
  }

  /**
   * Joins the log. Resolves when it is durable where this destination begins in the partitions that it got; nothing is read before
   * `begin`. Called again after it was rejected, it goes on from where that was.
   */
  async start(): Promise<void> {
    // Before anything is read from `events`: nobody overtakes a lane that is parked.
    if (this.#retry.partition === undefined) this.#known = await this.#retry.open(this.#lanes);
    if (this.#closing !== undefined) return;
    this.#begun = [];
    this.#subscription = await this.#engine.subscribe(topic, this.id, {
      assigned: (partition) => {
        this.#begun.push(this.#assigned(partition));
      },
      revoked: (partition) => this.#revoked(partition),
    });
    try {
      await Promise.all(this.#begun);
    } catch (error) {
      await this.#subscription.close();
      this.#subscription = undefined;
      throw error;
    }
    // It speaks of what an earlier run has left, and is saved.
    this.#known = undefined;
  }

  /** Begins to read and to deliver. To be called once it has joined the log. */
  begin(): void {
    if (this.#closing !== undefined) return;
    this.#hasBegun = true;
    for (const partition of this.#partitions.values()) this.#readOrAsk(partition);
    this.#retry.pump();
    this.#deliverer.pump();
  }

  /** Gives events to the destination once more. Resolves when that they will be is durable. */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const cost = events.reduce((sum, { event, bytes }) => sum + valueCost(event) + 2 * bytes, 0);
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
  judge(event: DeliveredEvent, sourceId: string): LaterFilterResult {
    return filterLater(event, sourceId, this.#rules.filter, this.#rules.sources);
  }

  /** Counts events that were to be given to it once more, and are not for it. */
  denyReplay(reason: LaterFilterResult, count: number): void {
    this.#account.replayed += count;
    this.#account.filtered.add(reason, count);
  }

  /** @see Router.retryNow */
  retryNow(): Retried {
    const state = this.#state;
    return { state, lanes: state === "stopped" ? 0 : this.#deliverer.retryNow() };
  }

  get #state(): DestinationStatus["state"] {
    return this.#reader.isStopped ? "stopped" : this.#deliverer.state;
  }

  /** Events in its retry topic that have not ended. */
  get inRetry(): number {
    return this.#retry.waiting + this.#retry.loaded.events;
  }

  // --- reading ---

  async #assigned(source: AssignedPartition): Promise<void> {
    const from = source.progress?.low ?? (await this.#begin(source));
    if (this.#closing !== undefined) return;
    const partition = newPartitionState(source, from);
    if (this.#known !== undefined) await finishKnown(this.#known, partition);
    if (this.#closing !== undefined) return;
    this.#partitions.set(source.partition, partition);
    if (!this.#hasBegun) return;
    this.#readOrAsk(partition);
    this.#deliverer.pump();
  }

  /** A transactional destination says first where it stands. */
  #readOrAsk(partition: PartitionState): void {
    if (this.#positions === undefined) void this.#reader.read(partition);
    else this.#positions.add(partition);
  }

  /** A transactional destination has said where it stands. */
  #beginAt(before: PartitionState, at: Position): void {
    if (before.revoked || this.#closing !== undefined) return;
    // Not the end as it is now: a log that was set back grows again, and would be believed one day.
    const end = Math.max(before.endAtStart, before.window.position);
    if (at.low > end) {
      const message = `the destination says that it has everything below ${at.low}, but the log ended at ${end}: it goes on from the log's own progress`;
      this.#account.report("position", message);
      void this.#reader.read(before);
      return;
    }
    before.revoked = true;
    before.abort.abort();
    const partition = { ...newPartitionState(before.source, at.low, at.finished), endAtStart: before.endAtStart };
    this.#partitions.set(before.source.partition, partition);
    this.#positions?.replace(partition, at);
    void this.#reader.read(partition);
  }

  /** Where a destination without progress begins. That it begins is durable before it reads. */
  async #begin(source: AssignedPartition): Promise<number> {
    let from = this.#registry.beginningOf(this.id, source.partition);
    if (from === undefined) {
      const fromStart = this.#registry.firstStart || this.#destination.settings.from === "start";
      const place = Math.max(source.start(), this.#beginning ?? source.end());
      this.#beginning = fromStart ? source.start() : place;
      from = this.#beginning;
      await this.#registry.add(this.id, source.partition, from);
    }
    source.save({ low: from, finished: [] });
    return from;
  }

  async #revoked(number: number): Promise<void> {
    const partition = this.#partitions.get(number);
    if (partition === undefined) return;
    partition.revoked = true;
    partition.abort.abort();
    this.#reader.signal();
    if (partition.pending > 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        partition.onIdle = resolve;
      });
    }
    partition.source.save(progressOf(partition));
    this.#positions?.remove(partition);
    this.#partitions.delete(number);
  }

  /** Records that this consumer had not read are gone: retention had no room. One dead letter stands for all of them. */
  async #skipGap(partition: PartitionState): Promise<void> {
    const lost = await takeGap(partition, this.#concerns, this.#clock.wall());
    if (lost === undefined) return;
    const { entry, to } = lost;
    const { offset } = entry.record;
    const detail = `the records from ${offset} to ${to - 1} of events were removed before they were read: the size bound was reached`;
    this.#account.report("retention", detail);
    this.#backpressure.enter(entry);
    partition.pending++;
    this.#deadLetters.bury(entry, "retention", { detail }, { to });
    this.#touch(partition);
  }

  /** Takes a record in: what is not for this destination ends here, the rest goes into its lanes. */
  #take(record: EngineRecord, partition: PartitionState, duplicates: Uint8Array | undefined): void {
    const unread = partition.part === undefined ? countedAsUnread(record, partition, this.#concerns) : 0;
    const { deliver, dead, filtered, duplicate, malformed } = takeRecord(record, partition, this.#rules, duplicates);
    partition.unread -= unread;
    const account = this.#account;
    account.duplicate += duplicate;
    account.malformed += malformed;
    for (const [reason, count] of filtered) account.filtered.add(reason, count);
    for (const entry of deliver) {
      this.#backpressure.enter(entry);
      this.#deliverer.add(entry, this.#isOrdered && hasUserKey(entry));
    }
    for (const { entry, reason, detail } of dead) {
      this.#backpressure.enter(entry);
      partition.pending++;
      this.#deadLetters.bury(entry, reason, { detail });
    }
    this.#touch(partition);
  }

  get #isOrdered(): boolean {
    return this.#destination.settings.order !== false;
  }

  /** Whether the events of a source at this offset are, or were, for this destination. */
  readonly #concerns: Concerns = (sourceId, offset) => {
    if (sourceId === "" || this.#destination.sources.has(sourceId)) return true;
    // It may have been connected when they were accepted, before this start: they are counted as filtered.
    for (const { endAtStart } of this.#partitions.values()) if (offset < endAtStart) return true;
    return false;
  };

  // --- ending ---

  /** The event has ended. Progress may move past it. */
  #finish(entry: Entry): void {
    this.#backpressure.leave(entry);
    entry.partition.window.finish(entry.record, entry.index);
    if (entry.partition === this.#retry.partition) this.#retry.finished(entry);
    this.#touch(entry.partition);
  }

  /** The event is no longer on its way, neither to the destination nor to the dead letters. */
  #settled({ partition }: Entry): void {
    partition.pending--;
    if (partition.pending === 0) partition.onIdle?.();
  }

  // --- progress ---

  #touch(partition: PartitionState): void {
    partition.dirty = true;
    if (this.#isOver || (this.#cancelSave !== undefined && !this.#savesLate)) return;
    // A long list costs more to save, so it is saved less often; once it is short, that is not waited for any more.
    const isLong = [...this.#all()].some(({ window }) => window.finishedAbove > 1000);
    if (isLong && this.#cancelSave !== undefined) return;
    this.#cancelSave?.();
    this.#savesLate = isLong;
    this.#cancelSave = this.#clock.after(isLong ? this.#saveInterval * 10 : this.#saveInterval, () => {
      this.#cancelSave = undefined;
      this.#save();
    });
  }

  #save(): void {
    for (const partition of this.#all()) {
      if (!partition.dirty || partition.revoked) continue;
      partition.dirty = false;
      partition.source.save(progressOf(partition));
    }
  }

  /**
   * How the destination stands. Everything in it is of one instant, the one at which the promise resolves.
   *
   * @param countFor milliseconds that counting what is unread may take
   */
  async status(countFor = 500): Promise<DestinationStatus> {
    const deadline = this.#clock.now() + countFor;
    const all = [...this.#partitions.values()];
    const counted = await Promise.all(
      all.map((partition) => countUnread(partition, this.#concerns, this.#clock, deadline)),
    );
    return this.#snapshot(counted.every(Boolean));
  }

  #snapshot(counted: boolean): DestinationStatus {
    let unread = 0;
    let records = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { unread: some, part, window, source } of this.#partitions.values()) {
      unread += some + (part?.left ?? 0);
      records += Math.max(0, source.end() - window.low);
      oldest = Math.min(oldest, window.oldest?.time ?? Number.POSITIVE_INFINITY);
    }
    const parked = this.#retry.partition?.window.oldest;
    if (parked !== undefined) oldest = Math.min(oldest, parked.time);
    const waiting = this.#backpressure.events + this.#retry.waiting + unread;
    const { id, name, type } = this.#destination;
    return {
      id,
      name,
      type: type.type,
      state: this.#state,
      ...this.#account.counts(),
      waiting,
      inFlight: this.#deliverer.inFlight,
      ...this.#nextAttempt(),
      lanesWaiting: this.#deliverer.lanesWaiting,
      lanesParked: this.#retry.lanes,
      memory: this.held,
      lag: {
        records,
        events: waiting,
        seconds: oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (this.#clock.wall() - oldest) / 1000),
      },
      counted,
    };
  }

  #nextAttempt(): Pick<DestinationStatus, "nextAttempt"> {
    const at = this.#deliverer.nextAttempt;
    if (at === undefined || this.#reader.isStopped) return {};
    return { nextAttempt: new Date(this.#clock.wall() + Math.max(0, at - this.#clock.now())).toISOString() };
  }

  // --- closing ---

  /**
   * Sends nothing more, waits for what is on its way, at most `within` milliseconds, saves progress and leaves the group.
   * What was not finished is delivered again after the next start. Called again it does nothing more.
   */
  close(within = 5000): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #close(within: number): Promise<void> {
    // The caller has to have its promise in `#closing` before anything below looks at it.
    await Promise.resolve();
    this.#deliverer.stop();
    for (const { abort } of this.#partitions.values()) abort.abort();
    this.#reader.signal();
    if (!this.#isDrained()) {
      await this.#atMost(within, (drained) => {
        this.#onDrained = drained;
      });
    }
    this.#isOver = true;
    this.#cancelSave?.();
    this.#deadLetters.close();
    this.#retry.stop();
    await this.#atMost(1000, (done) => this.#deliverer.close().then(done));
    void this.#destination.transform?.close().catch(() => {});
    for (const partition of this.#all()) {
      partition.source.save(progressOf(partition));
      partition.onIdle?.();
    }
    await this.#subscription?.close();
    await this.#retry.close();
    this.#share.leave();
  }

  #isDrained(): boolean {
    for (const { pending } of this.#all()) if (pending > 0) return false;
    return true;
  }

  /** The partitions of `events`, and that of the retry topic. */
  #all(): PartitionState[] {
    const { partition } = this.#retry;
    return partition === undefined ? [...this.#partitions.values()] : [...this.#partitions.values(), partition];
  }

  #checkDrained(): void {
    if (this.#onDrained !== undefined && this.#isDrained()) this.#onDrained();
  }

  async #atMost(milliseconds: number, begin: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(milliseconds, resolve);
      begin(() => {
        cancel();
        resolve();
      });
    });
  }
}

/** Events of one user key wait for each other. One without a key waits for nobody. */
function hasUserKey({ keyHash, event: { userId, anonymousId } }: Entry): boolean {
  return keyHash !== noUserKey || userKey({ userId, anonymousId }) !== "";
}
