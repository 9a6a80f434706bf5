import type { AssignedPartition, Engine, Subscription } from "../../engine/engine.ts";
import { decodeEvents, decodeSlice, type ParkedFacts } from "../../records/retry-record.ts";
import { type Entry, type Lane, type Lanes, newEntry, type Parking } from "../lanes/lanes.ts";
import { type Account, messageOf } from "../ledger/counters.ts";
import { newPartitionState, type PartitionState } from "../ledger/partition.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import { type Holding, holdingOf } from "../memory/holding.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import type { LaterFilterResult } from "../read/filter.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { Compaction } from "./compaction.ts";
import { historyOf, newParked, type Parked, type ParkedRecord, type PendingWrite } from "./parked-lane.ts";
import { type Restored, restore } from "./restore.ts";
import { RetryWriter } from "./retry-writer.ts";

export interface RetryTopicOptions {
  readonly destinationId: string;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly account: Account;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "parkedRecords" | "compactAbove" | "gatherFor">;
  /** Bounds how many records are known. */
  readonly budget: MemoryBudget;
  /** @see holdingOf */
  readonly copies: number;
  readonly fits: (bytes: number) => boolean;
  /** Whether lanes are parked at all, and whether they may be now. */
  readonly isOpen: () => boolean;
  /** Whether another lane may be loaded. */
  readonly hasRoom: () => boolean;
  /** The event is in memory. */
  readonly entered: (entry: Entry) => void;
  /** It no longer is, and will be loaded again. */
  readonly left: (entry: Entry) => void;
  /** It is durable in the retry topic: progress in `events` may move past it. */
  readonly written: (entry: Entry) => void;
  /** Whether the event, which is in memory, is for the destination as that is now. */
  readonly judge: (entry: Entry) => LaterFilterResult;
  /** It is not, and has no lane any more. */
  readonly denied: (entry: Entry, verdict: LaterFilterResult) => void;
  /** The topic does not give the event back. */
  readonly lost: (entry: Entry, detail: string) => void;
  /** Progress in the retry topic has moved. */
  readonly touched: (partition: PartitionState) => void;
  /** A lane may be ready. */
  readonly moved: () => void;
}

/**
 * Keeps the lanes of one destination that have to wait for long in the topic `retry.<id>`, so that the position in `events` can move
 * on, and their events out of memory. For each lane it knows in which records its events stand, in which order.
 *
 * The topic has one partition, of which this is the only consumer, and which it reads where it needs to: what it has read counts as
 * read once it has ended. A lane that holds the low-water mark back is moved forward as a whole when most of what stands behind it
 * has ended (`Compaction`).
 */
export class RetryTopic implements Parking {
  readonly #options: RetryTopicOptions;
  readonly #topic: string;
  #lanes: Lanes | undefined;
  #source: AssignedPartition | undefined;
  #partition: PartitionState | undefined;
  #subscription: Subscription | undefined;
  /** Lanes that have something in the topic or on its way there. */
  readonly #parked = new Set<Lane>();
  /** Lanes to be loaded, in the order in which they became due. */
  #toLoad: Lane[] = [];
  /** Events of the topic that are in memory, and their bytes. */
  #loaded = 0;
  #loadedBytes = 0;
  /** Events in the records that are being read. */
  #reading = 0;
  /** Ends of events until it is looked again whether a lane is to be moved: looking is dear. */
  #untilLook = 0;
  readonly #writer: RetryWriter;
  readonly #compaction: Compaction;
  /** No lane is moved for a while, after one could not be. */
  #cancelPause: (() => void) | undefined;
  #closed = false;

  constructor(options: RetryTopicOptions) {
    this.#options = options;
    this.#topic = `retry.${options.destinationId}`;
    const { engine, clock, random, account, limits, touched, moved } = options;
    this.#writer = new RetryWriter({
      topic: this.#topic,
      engine,
      clock,
      random,
      account,
      limits,
      partition: () => this.#partition!,
      isFull: () => this.#isFull(),
      considerCompaction: () => this.#considerCompaction(),
      touched,
      wrote: (lane) => {
        this.#goOn(lane);
        this.#considerCompaction();
        moved();
      },
    });
    this.#compaction = new Compaction({
      limits: options.limits,
      read: (slice) => this.#readRecord(slice),
      append: (slice, events, added) => this.#writer.append(slice, events, added),
    });
  }

  get partition(): PartitionState | undefined {
    return this.#partition;
  }

  /** Lanes that are parked. */
  get lanes(): number {
    return this.#parked.size;
  }

  /** Events of the topic that are in memory, or about to be, and the bytes of those that are. */
  get loaded(): { readonly events: number; readonly bytes: number } {
    return { events: this.#loaded + this.#reading, bytes: this.#loadedBytes };
  }

  /** Events in the topic that have not ended and are not in memory. */
  get waiting(): number {
    return (this.#partition?.window.unfinished ?? 0) - this.#loaded - this.#compaction.copies;
  }

  get isOpen(): boolean {
    return !this.#closed && this.#options.isOpen() && !this.#isFull();
  }

  /**
   * Joins the topic and puts everything in it that has not ended back into its lanes. To be called before anything of `events` is
   * read, so that nobody overtakes a parked lane. Says what of `events` need not be read again.
   */
  async open(lanes: Lanes): Promise<Restored["known"]> {
    const { engine, destinationId, clock } = this.#options;
    this.#lanes = lanes;
    const source = await new Promise<AssignedPartition>((assigned, reject) => {
      // It is left when the consumer is closed, which has saved its progress then.
      engine.subscribe(this.#topic, destinationId, { assigned, revoked: async () => {} }).then((subscription) => {
        this.#subscription = subscription;
      }, reject);
    });
    const partition = newPartitionState(source, Math.max(source.progress?.low ?? 0, source.start()));
    const restored = await restore(partition).catch(async (error: unknown) => {
      await this.#subscription?.close();
      throw error;
    });
    this.#source = source;
    this.#partition = partition;
    const now = clock.now();
    for (const { id, name, pass, slices, head } of restored.lanes) {
      const lane = lanes.parkedLane(id, () => newParked(name));
      this.#parked.add(lane);
      const parked = lane.parked!;
      parked.pass = pass;
      for (const slice of slices) parked.slices.push(slice);
      const firstAttempt = head.age === undefined ? undefined : now - head.age;
      const only = head.only === undefined ? undefined : new Set(head.only);
      parked.history = {
        attempts: head.attempts,
        failures: 0,
        firstAttempt,
        deliveredAtFailure: undefined,
        absence: undefined,
        only,
        failed: undefined,
      };
      // All at once they would be a burst after each start.
      lanes.dueAt(lane, now + (head.attempts === 0 ? 0 : backoff(1, this.#options.random)));
    }
    this.#options.touched(partition);
    return restored.known;
  }

  park(lane: Lane): void {
    const { head } = lane;
    if (head === undefined) throw new Error(`The lane ${lane.id} has nothing to park`);
    const { partition, record, index } = head;
    const parked = newParked(lane.id ?? `e${partition.source.partition}.${record.offset}.${index}`);
    lane.parked = parked;
    this.#parked.add(lane);
    parked.history = historyOf(head);
    for (let entry = this.#lanes?.shift(lane); entry !== undefined; entry = this.#lanes?.shift(lane)) {
      parked.toWrite.push(this.#write(entry));
    }
    this.#writer.write(lane);
  }

  follow(lane: Lane, entry: Entry): void {
    const parked = lane.parked!;
    parked.toWrite.push(this.#write(entry));
    this.#writer.writeSoon(lane);
  }

  #write(entry: Entry): PendingWrite {
    const facts = factsOf(entry, this.#options.clock.now());
    const written = (): void => this.#options.written(entry);
    return { facts, entry, bytes: entry.bytes, written };
  }

  unload(lane: Lane): void {
    const parked = lane.parked!;
    const { head } = lane;
    const slice = parked.slices.first!;
    const kept = new Set<number>();
    if (head !== undefined) {
      slice.first = head.index;
      parked.history = historyOf(head);
    }
    for (let entry = this.#lanes?.shift(lane); entry !== undefined; entry = this.#lanes?.shift(lane)) {
      kept.add(entry.index);
      this.#leave(entry);
      this.#options.left(entry);
    }
    const { finished, events } = slice.record;
    const absent = new Set<number>();
    for (let index = slice.first; index < events; index++) {
      if (finished[index] === 0 && !kept.has(index)) absent.add(index);
    }
    slice.absent = absent;
    parked.isLoaded = false;
    parked.isDue = false;
  }

  due(lane: Lane): void {
    lane.parked!.isDue = true;
    this.#goOn(lane);
  }

  /** An event of the topic has ended. */
  finished(entry: Entry): void {
    this.#leave(entry);
    if (this.#untilLook-- <= 0) this.#considerCompaction();
    this.#writer.tryAgain();
  }

  /** Loads what is due and has room. */
  pump(): void {
    while (this.#toLoad.length > 0 && !this.#closed && this.#options.hasRoom()) void this.#load(this.#toLoad.shift()!);
  }

  /**
   * Appends events that are to be tried again, each behind those that were appended for its user key before; they wait for nobody
   * else. Resolves when they are durable.
   */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const durable: Promise<void>[] = [];
    const lanes = new Set<Lane>();
    for (const { event, hasKey, bytes, ...facts } of events) {
      const id = hasKey ? `r${facts.keyHash}` : `r${facts.partition}.${facts.offset}.${facts.index}`;
      const lane = this.#lanes!.parkedLane(id, () => newParked(id));
      const parked = lane.parked!;
      this.#parked.add(lane);
      lanes.add(lane);
      durable.push(
        new Promise((resolve) => {
          const written = (): void => {
            this.#options.account.replayed++;
            resolve();
          };
          parked.toWrite.push({ facts, entry: { event }, bytes, written });
        }),
      );
      // One that has nothing yet waits for nothing.
      if (lane.state === "parked" && parked.slices.size === 0) parked.isDue = true;
    }
    for (const lane of lanes) this.#writer.write(lane);
    await Promise.all(durable);
  }

  /** Nothing that still comes back counts. */
  stop(): void {
    this.#closed = true;
    this.#writer.stop();
    this.#cancelPause?.();
  }

  /** Leaves the group. Progress is to be saved before. */
  async close(): Promise<void> {
    this.stop();
    await this.#subscription?.close();
  }

  /** Brings a parked lane to its next step. */
  #goOn(lane: Lane): void {
    const parked = lane.parked!;
    if (lane.state !== "parked" || parked.isReading || parked.isMoving) return;
    if (parked.isLoaded && lane.head === undefined) {
      parked.slices.shift();
      parked.isLoaded = false;
      parked.history = undefined;
    }
    if (parked.slices.size === 0) {
      if (parked.toWrite.size > 0 || parked.isWriting) return;
      this.#parked.delete(lane);
      lane.parked = undefined;
      this.#lanes?.end(lane);
      return;
    }
    if (!parked.isDue) return;
    parked.isReading = true;
    this.#toLoad.push(lane);
    this.pump();
  }

  async #load(lane: Lane): Promise<void> {
    const { entered, judge, denied, lost, moved } = this.#options;
    const parked = lane.parked!;
    const slice = parked.slices.first!;
    const { open } = slice.record;
    this.#reading += open;
    let entries: Entry[];
    let lostDetail: string | undefined;
    try {
      const { facts, events, payload } = await this.#readRecord(slice);
      this.#reading -= open;
      const { copies, fits } = this.#options;
      const hold = holdingOf(payload, Math.max(1, events.length), copies, fits);
      entries = this.#entriesOf(slice, facts, (index) => hold(events[index]!), payload.length);
    } catch (error) {
      this.#reading -= open;
      if (this.#closed) return;
      if (!(error instanceof GoneError)) {
        this.#options.account.report("read", messageOf(error));
        parked.isReading = false;
        parked.isDue = false;
        this.#lanes?.dueAt(lane, this.#options.clock.now() + backoff(1, this.#options.random));
        this.#options.moved();
        return;
      }
      lostDetail = error.message;
      entries = this.#entriesOf(slice, [], () => ({ held: nothing, cost: 0 }), 0);
    }
    if (this.#closed) return;
    parked.isReading = false;
    parked.isLoaded = true;
    parked.isDue = false;
    for (const entry of entries) {
      this.#loaded++;
      this.#loadedBytes += entry.bytes;
      entered(entry);
    }
    if (lostDetail !== undefined) {
      for (const entry of entries) lost(entry, lostDetail);
      this.due(lane);
      return;
    }
    // What the configuration said when they were written is not what it says now.
    const verdicts = entries.map(judge);
    const meant = entries.filter((_, at) => verdicts[at] === "deliver");
    const [first] = entries;
    if (parked.history !== undefined && first !== undefined && meant[0] === first) Object.assign(first, parked.history);
    if (meant.length > 0) this.#lanes?.loaded(lane, meant);
    else this.due(lane);
    for (const [at, entry] of entries.entries()) if (verdicts[at] !== "deliver") denied(entry, verdicts[at]!);
    moved();
  }

  #leave({ bytes }: Entry): void {
    this.#loaded--;
    this.#loadedBytes -= bytes;
  }

  #entriesOf(
    { record, first, absent }: ParkedRecord,
    facts: readonly ParkedFacts[],
    eventAt: (index: number) => Holding,
    payloadBytes: number,
  ): Entry[] {
    const partition = this.#partition!;
    const bytes = Math.ceil(payloadBytes / Math.max(1, record.events));
    const entries: Entry[] = [];
    for (let index = first; index < record.events; index++) {
      if (record.finished[index] === 1 || absent?.has(index) === true) continue;
      const { sourceId = "", keyHash = 0, partition: origin = 0, offset = 0, index: position = 0 } = facts[index] ?? {};
      const { held, cost } = eventAt(index);
      const where = { partition: origin, offset, index: position };
      entries.push(newEntry(partition, record, { index, event: held, sourceId, keyHash, bytes, cost, origin: where }));
    }
    return entries;
  }

  /** @throws GoneError when the record is not there, or cannot be read */
  async #readRecord({ record: { offset } }: ParkedRecord): Promise<ReadRecord> {
    const { records } = await this.#source!.read(offset, 1);
    const record = records[0];
    if (record?.offset !== offset) throw new GoneError(`record ${offset} of ${this.#topic} is not there`);
    try {
      const facts = decodeSlice(record)?.facts ?? [];
      const events = decodeEvents(record);
      if (events.length !== facts.length) throw new Error(`record ${offset} of ${this.#topic} contradicts itself`);
      return { facts, events, payload: record.payload };
    } catch (error) {
      throw new GoneError(messageOf(error));
    }
  }

  #isFull(): boolean {
    const { limits, budget } = this.#options;
    return (this.#partition?.window.size ?? 0) >= Math.min(limits.parkedRecords, budget.recordsOf(perRecord));
  }

  /** Moves a lane forward if that is worth it and it rests: the one that holds the low-water mark back, or has too many records. */
  #considerCompaction(): void {
    const partition = this.#partition;
    if (partition === undefined || this.#closed || this.#cancelPause !== undefined) return;
    this.#untilLook = 64;
    let lane: Lane | undefined;
    if (this.#compaction.isDue(partition.window)) {
      const { oldest } = partition.window;
      for (const each of this.#parked) if (each.parked!.slices.first?.record === oldest) lane = each;
    } else if (this.#isFull() && this.#compaction.copies === 0) {
      for (const each of this.#parked) {
        const { slices, slicesOnceMoved } = each.parked!;
        // Else it has been moved for that, and has as few as it can have.
        const isLoose = slices.size > Math.max(10, 2 * slicesOnceMoved);
        if (isLoose && slices.size > (lane?.parked?.slices.size ?? 0)) lane = each;
      }
    }
    if (lane?.state !== "parked") return;
    const parked = lane.parked!;
    if (parked.isLoaded || parked.isReading || parked.isWriting || parked.isMoving) return;
    void this.#compactLane(lane, parked, partition);
  }

  async #compactLane(lane: Lane, parked: Parked, partition: PartitionState): Promise<void> {
    parked.isMoving = true;
    try {
      await this.#compaction.move(parked, partition, this.#options.clock.now());
    } catch (error) {
      if (!this.#closed) {
        this.#options.account.note("retry_topic", `a lane cannot be moved: ${messageOf(error)}`);
        this.#cancelPause = this.#options.clock.after(backoff(4, this.#options.random), () => {
          this.#cancelPause = undefined;
          this.#considerCompaction();
        });
      }
    }
    parked.isMoving = false;
    if (this.#closed) return;
    this.#options.touched(partition);
    this.#writer.write(lane);
    this.#goOn(lane);
    this.#considerCompaction();
  }
}

/** An event that is to be tried again. */
export interface ReplayedEvent extends ParkedFacts {
  readonly event: Entry["event"];
  /** Whether it waits for others of its user key that are replayed. */
  readonly hasKey: boolean;
  /** Of the event, about. */
  readonly bytes: number;
}

/** A record of the retry topic, read again. */
export interface ReadRecord {
  readonly facts: readonly ParkedFacts[];
  readonly events: readonly Entry["event"][];
  readonly payload: Uint8Array;
}

/** In the place of an event that is lost. */
const nothing = { messageId: "" } as unknown as Entry["event"];

/** Bytes that are kept of a record of the topic, and of the lane of which it may be the only one. */
const perRecord = 1000;

/** What was written is not there any more. */
class GoneError extends Error {}

function factsOf(entry: Entry, now: number): ParkedFacts {
  const { partition, record, index, sourceId, keyHash, attempts, firstAttempt, only } = entry;
  return {
    partition: partition.source.partition,
    offset: record.offset,
    index,
    sourceId,
    keyHash,
    time: record.time,
    attempts,
    age: firstAttempt === undefined ? undefined : Math.round(now - firstAttempt),
    only: only === undefined ? undefined : [...only],
  };
}
