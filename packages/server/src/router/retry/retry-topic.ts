import type { AssignedPartition, Engine, Subscription } from "../../engine/engine.ts";
import type { ParkedFacts } from "../../records/retry-record.ts";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { Lanes, Parking } from "../lanes/lanes.ts";
import { parked as parkedEnding } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { newPartitionState } from "../ledger/partition.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import type { Backpressure } from "../read/backpressure.ts";
import type { TakeRules } from "../read/take-record.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { Compaction } from "./compaction.ts";
import { Loader } from "./loader.ts";
import { historyOf, ParkedLane, type PendingWrite } from "./parked-lane.ts";
import { type Restored, restore } from "./restore.ts";
import { RetryWriter } from "./retry-writer.ts";
import { TopicReader } from "./topic-reader.ts";

export interface RetryTopicOptions {
  readonly destinationId: string;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "parkedRecords" | "compactAbove" | "gatherFor">;
  /** Bounds how many records are known. */
  readonly budget: MemoryBudget;
  readonly backpressure: Backpressure;
  /** What is for the destination as it is now, and how that is held. */
  readonly rules: TakeRules;
  readonly deadLetters: DeadLetterWriter;
  /** Whether lanes are parked. What is loaded has a position in this topic, so a destination that commits positions in `events` cannot. */
  readonly parks: boolean;
}

/** An event that is given to the destination once more. */
export interface ReplayedEvent extends ParkedFacts {
  readonly event: Entry["event"];
  /** Whether it waits for others of its user key that are replayed. */
  readonly hasKey: boolean;
  /** Bytes of the event, about. */
  readonly bytes: number;
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
  /** Lanes that have something in the topic or on its way there. */
  readonly #parked = new Map<Lane, ParkedLane>();
  readonly #reader: TopicReader;
  readonly #writer: RetryWriter;
  readonly #loader: Loader;
  readonly #compaction: Compaction;
  #subscription: Subscription | undefined;
  /** Events of the topic that had ended when `pump` was called last. */
  #ended = 0;
  #closed = false;

  constructor(options: RetryTopicOptions) {
    this.#options = options;
    this.#topic = `retry.${options.destinationId}`;
    this.#reader = new TopicReader(this.#topic);
    this.#writer = new RetryWriter({ ...options, topic: this.#topic, steps: this });
    this.#loader = new Loader({ ...options, reader: this.#reader });
    this.#compaction = new Compaction({
      ...options,
      reader: this.#reader,
      writer: this.#writer,
      parked: this.#parked,
      steps: this,
    });
    options.lanes.parkIn(this);
  }

  /** Lanes that are parked. */
  get lanes(): number {
    return this.#parked.size;
  }

  /** Events in the topic that have not ended and are not in memory. */
  get waiting(): number {
    const { retry } = this.#options.ledger;
    return retry === undefined ? 0 : retry.window.unfinished - retry.events - this.#compaction.copies;
  }

  /** Events in the topic that have not ended. */
  get open(): number {
    return this.waiting + this.#loader.loaded.events;
  }

  get isOpen(): boolean {
    const { parks, backpressure } = this.#options;
    return !this.#closed && parks && backpressure.mayPark && !this.#writer.isFull;
  }

  /**
   * Joins the topic and puts everything in it that has not ended back into its lanes. To be called before anything of `events` is
   * read, so that nobody overtakes a parked lane. Says what of `events` need not be read again.
   */
  async join(): Promise<Restored["known"]> {
    const { engine, destinationId, ledger } = this.#options;
    let source: AssignedPartition | undefined;
    this.#subscription = await engine.subscribe([this.#topic], destinationId, {
      assigned: ([assigned]) => {
        source = assigned;
      },
      // It is left when the consumer is closed, which has saved its progress then.
      revoked: async () => {},
    });
    if (source === undefined) throw new Error(`${this.#topic} was not assigned`);
    const partition = newPartitionState(source, Math.max(source.progress?.low ?? 0, source.start()));
    const restored = await restore(partition).catch(async (error: unknown) => {
      await this.#subscription?.close();
      throw error;
    });
    this.#reader.source = source;
    ledger.retry = partition;
    for (const lane of restored.lanes) this.#putBack(lane);
    ledger.touch(partition);
    return restored.known;
  }

  #putBack({ id, name, pass, records, head }: Restored["lanes"][number]): void {
    const { lanes, clock, random } = this.#options;
    const now = clock.now();
    const parked = this.#parkedAs(lanes.parkedLane(id), name);
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
    return { facts, entry, bytes: entry.bytes, written: () => ledger.end(entry, parkedEnding) };
  }

  // --- what others ask for ---

  /** Loads what is due and has room, and sees to what the end of events has made possible. */
  pump(): void {
    const { retry } = this.#options.ledger;
    if (retry === undefined || this.#closed) return;
    const ended = retry.ended - this.#ended;
    if (ended > 0) {
      this.#ended = retry.ended;
      this.#compaction.ended(ended);
      this.#writer.tryAgain();
    }
    this.#loader.pump();
  }

  /**
   * Appends events that are to be tried again, each behind those that were appended for its user key before; they wait for nobody
   * else. Resolves when they are durable.
   */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const { lanes, ledger } = this.#options;
    const durable: Promise<void>[] = [];
    const replayed = new Set<ParkedLane>();
    for (const { event, hasKey, bytes, ...facts } of events) {
      const id = hasKey ? `r${facts.keyHash}` : `r${facts.partition}.${facts.offset}.${facts.index}`;
      const parked = this.#parkedAs(lanes.parkedLane(id), id);
      replayed.add(parked);
      durable.push(
        new Promise((resolve) => {
          const written = (): void => {
            ledger.counters.replayed++;
            resolve();
          };
          parked.toWrite.push({ facts, entry: { event }, bytes, written });
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

  /** Nothing that still comes back counts. */
  stop(): void {
    this.#closed = true;
    this.#writer.stop();
    this.#loader.stop();
    this.#compaction.stop();
  }

  /** Leaves the group. Progress is to be saved before. */
  async close(): Promise<void> {
    this.stop();
    await this.#subscription?.close();
  }
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
