import type { RawEvent } from "@pintle/kit";
import type { AssignedPartition, Engine } from "../../engine/engine.ts";
import type { ParkedFacts } from "../../records/retry-record.ts";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { parked as parkedEnding } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { newPartitionState, type PartitionState } from "../ledger/partition.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import type { Backpressure } from "../read/backpressure.ts";
import type { TakeRules } from "../read/take-record.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { LaneCompaction } from "./compaction.ts";
import { LaneLoader, type Loaded } from "./loader.ts";
import { historyOf, ParkedLane, type PendingWrite } from "./parked-lane.ts";
import { type Restored, restore } from "./restore.ts";
import { RetryWriter } from "./retry-writer.ts";
import { TopicReader } from "./topic-reader.ts";

export interface RetryPartitionOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "parkedRecords" | "compactAbove" | "gatherFor">;
  /** Bounds how many records are known of all partitions. */
  readonly budget: MemoryBudget;
  readonly backpressure: Backpressure;
  /** What is for the destination as it is now, and how that is held. */
  readonly rules: TakeRules;
  readonly deadLetters: DeadLetterWriter;
  /** What is in memory of all partitions, or about to be. */
  readonly loaded: () => Loaded;
}

/** An event that is given to the destination once more. */
export interface ReplayedEvent extends ParkedFacts {
  readonly raw: RawEvent;
  /** Whether it waits for others of its user key that are replayed. */
  readonly hasKey: boolean;
  /** Bytes of the event, about. */
  readonly bytes: number;
}

/**
 * Keeps lanes in one partition of the topic `retry.<id>`: those whose events stand in the same
 * partition of `events`. For each lane it knows in which records its events stand, in which order.
 *
 * It is the only consumer of the partition, and reads it where it needs to: what it has read counts
 * as read once it has ended. A lane that holds the low-water mark back is moved forward as a whole
 * when most of what stands behind it has ended (`LaneCompaction`).
 */
export class RetryPartition {
  readonly #options: RetryPartitionOptions;
  readonly #partition: PartitionState;
  /** Lanes that have something in the topic or on its way there. */
  readonly #parked = new Map<Lane, ParkedLane>();
  readonly #writer: RetryWriter;
  readonly #loader: LaneLoader;
  readonly #compaction: LaneCompaction;
  /** Events that had ended when `pump` was called last. */
  #ended = 0;
  #closed = false;

  constructor(options: RetryPartitionOptions, source: AssignedPartition) {
    this.#options = options;
    const partition = newPartitionState(source, Math.max(source.progress?.low ?? 0, source.start()));
    const reader = new TopicReader(source);
    const parts = { ...options, topic: source.topic, partition, reader, steps: this };
    this.#partition = partition;
    this.#writer = new RetryWriter(parts);
    this.#loader = new LaneLoader(parts);
    this.#compaction = new LaneCompaction({ ...parts, writer: this.#writer, parked: this.#parked });
  }

  /** Lanes that are parked. */
  get lanes(): number {
    return this.#parked.size;
  }

  /** Events that have not ended and are not in memory. */
  get waiting(): number {
    return this.#partition.window.unfinished - this.#partition.events - this.#compaction.copies;
  }

  /** Events that are in memory, or about to be. */
  get loaded(): Loaded {
    return this.#loader.loaded;
  }

  /** Whether a lane may be parked now. */
  get isOpen(): boolean {
    return !this.#closed && this.#options.backpressure.mayPark && !this.#writer.isFull;
  }

  /**
   * Puts everything that has not ended back into its lanes. To be called before anything of this
   * partition of `events` is read, so that nobody overtakes a parked lane. Says what of it need not
   * be read again.
   */
  async restore(): Promise<Restored["known"]> {
    const { ledger } = this.#options;
    const restored = await restore(this.#partition);
    ledger.addRetry(this.#partition);
    for (const lane of restored.lanes) this.#putBack(lane);
    ledger.touch(this.#partition);
    return restored.known;
  }

  #putBack({ id, name, pass, records, head }: Restored["lanes"][number]): void {
    const { lanes, clock, random } = this.#options;
    const now = clock.now();
    const parked = this.#parkedAs(lanes.parkedLane(id, this.#partition.source.partition), name);
    parked.pass = pass;
    for (const record of records) parked.records.push(record);
    parked.history = {
      attempts: head.attempts,
      failures: 0,
      firstAttempt: head.age === undefined ? undefined : now - head.age,
      deliveredAtFailure: undefined,
      absence: undefined,
      only: head.only === undefined ? undefined : new Set(head.only),
      failed: undefined,
    };
    // All at once they would be a burst after each start.
    lanes.dueAt(parked.lane, now + (head.attempts === 0 ? 0 : backoff(1, random)));
  }

  #parkedAs(lane: Lane, name: number | string): ParkedLane {
    const parked = this.#parked.get(lane) ?? new ParkedLane(lane, name);
    this.#parked.set(lane, parked);
    return parked;
  }

  // --- what lanes ask for ---

  park(lane: Lane): void {
    const { head } = lane;
    if (head === undefined) throw new Error(`The lane ${lane.id} has nothing to park`);
    const { partition, record, index } = head;
    const parked = this.#parkedAs(lane, lane.id ?? `e${partition.source.partition}.${record.offset}.${index}`);
    parked.history = historyOf(head);
    const { lanes } = this.#options;
    for (let entry = lanes.shift(lane); entry !== undefined; entry = lanes.shift(lane)) {
      parked.toWrite.push(this.#pendingWrite(entry));
    }
    this.#writer.write(parked);
  }

  follow(lane: Lane, entry: Entry): void {
    const parked = this.#of(lane);
    parked.toWrite.push(this.#pendingWrite(entry));
    this.#writer.writeSoon(parked);
  }

  unload(lane: Lane): void {
    const { ledger, lanes } = this.#options;
    const parked = this.#of(lane);
    const { head } = lane;
    const first = parked.records.first!;
    const kept = new Set<number>();
    if (head !== undefined) {
      first.first = head.index;
      parked.history = historyOf(head);
    }
    for (let entry = lanes.shift(lane); entry !== undefined; entry = lanes.shift(lane)) {
      kept.add(entry.index);
      ledger.park(entry);
    }
    const { finished, events } = first.record;
    const absent = new Set<number>();
    for (let index = first.first; index < events; index++) {
      if (finished[index] === 0 && !kept.has(index)) absent.add(index);
    }
    first.absent = absent;
    parked.front = "resting";
  }

  due(lane: Lane): void {
    const parked = this.#of(lane);
    if (parked.front === "loaded") {
      parked.records.shift();
      parked.history = undefined;
    }
    if (parked.front === "loaded" || parked.front === "resting") parked.front = "due";
    this.goOn(parked);
  }

  #of(lane: Lane): ParkedLane {
    const parked = this.#parked.get(lane);
    if (parked === undefined) throw new Error(`The lane ${lane.id} is not parked`);
    return parked;
  }

  #pendingWrite(entry: Entry): PendingWrite {
    const { ledger, clock } = this.#options;
    const facts = factsOf(entry, clock.now());
    const { bytes } = entry;
    return { facts, entry, bytes, written: () => ledger.end(entry, parkedEnding), dropped: () => ledger.park(entry) };
  }

  // --- what others ask for ---

  /** Loads what is due and has room, and sees to what the end of events has made possible. */
  pump(): void {
    if (this.#closed) return;
    const ended = this.#partition.ended - this.#ended;
    if (ended > 0) {
      this.#ended = this.#partition.ended;
      this.#compaction.ended(ended);
      this.#writer.tryAgain();
    }
    this.#loader.pump();
  }

  /**
   * Appends events that are to be tried again, each behind those that were appended for its user
   * key before; they wait for nobody else. Resolves when they are durable.
   */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const { lanes, ledger } = this.#options;
    if (this.#closed) throw takenAway(this.#partition.source);
    const durable: Promise<void>[] = [];
    const replayed = new Set<ParkedLane>();
    for (const { raw, hasKey, bytes, ...facts } of events) {
      const id = hasKey ? `r${facts.keyHash}` : `r${facts.partition}.${facts.offset}.${facts.index}`;
      const parked = this.#parkedAs(lanes.parkedLane(id, this.#partition.source.partition), id);
      replayed.add(parked);
      durable.push(
        new Promise((resolve, reject) => {
          const written = (): void => {
            ledger.counters.replayed++;
            resolve();
          };
          const dropped = (): void => reject(takenAway(this.#partition.source));
          parked.toWrite.push({ facts, entry: { raw }, bytes, written, dropped });
        }),
      );
      // One that has nothing yet waits for nothing.
      if (parked.front === "resting" && parked.records.size === 0) parked.front = "due";
    }
    for (const parked of replayed) this.#writer.write(parked);
    await Promise.all(durable);
  }

  /** Brings a parked lane to its next step. */
  goOn(parked: ParkedLane): void {
    const { lane, front, back, records } = parked;
    if (lane.state !== "parked" || front === "queued" || front === "loading" || back === "moving") return;
    if (records.size > 0) {
      if (front === "due") this.#loader.add(parked);
    } else if (parked.isEmpty) {
      this.#parked.delete(lane);
      this.#options.lanes.end(lane);
    }
  }

  /** The topic has as many records as may be known of it: perhaps a lane can do with fewer. */
  makeRoom(): void {
    this.#compaction.consider();
  }

  /** A record of the lane is durable. */
  wrote(parked: ParkedLane): void {
    this.goOn(parked);
    this.#compaction.consider();
    this.#options.ledger.wake();
  }

  /**
   * The partition is taken away: begins nothing more. Resolves when nothing is written any more,
   * and what is on its way to the destination or the dead letters is back.
   */
  async finish(): Promise<void> {
    this.#closed = true;
    this.#partition.revoked = true;
    this.#loader.stop();
    await this.#writer.finish();
    await this.#compaction.finish();
    await this.#options.ledger.idle(this.#partition);
  }

  /** Forgets what it knows. Where it stands is saved, unless it is lost already. */
  drop(isLost: boolean): void {
    this.stop();
    for (const { toWrite } of this.#parked.values()) for (const { dropped } of toWrite) dropped();
    this.#parked.clear();
    this.#options.ledger.remove(this.#partition, isLost);
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    this.#closed = true;
    this.#writer.stop();
    this.#loader.stop();
    this.#compaction.stop();
  }
}

function takenAway({ topic, partition }: AssignedPartition): Error {
  return new Error(`partition ${partition} of ${topic} was taken away`);
}

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
