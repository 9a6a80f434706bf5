import type { MemoryShare } from "../memory/budget.ts";
import type { Clock } from "../time/clock.ts";
import type { Counters } from "./counters.ts";
import type { Ending } from "./ending.ts";
import { type PartitionState, progressOf } from "./partition.ts";
import type { Problems } from "./problems.ts";
import { ProgressSaver } from "./progress-saver.ts";
import { redactedStep, type Step, type Tap } from "./tap.ts";
import type { TrackedEvent } from "./tracked-event.ts";

export interface LedgerOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly problems: Problems;
  /** What the destination has of the memory. */
  readonly share: MemoryShare;
  /** Milliseconds between two saves of progress. */
  readonly saveInterval: number;
  /** Called when something may have become possible that was not before. */
  readonly wake: () => void;
  /** The id of the destination. */
  readonly id: string;
  readonly tap: Tap;
}

/** What is told of an event beside its step. */
type ToldEvent = Pick<TrackedEvent, "partition" | "index" | "origin" | "sourceId" | "event"> & {
  readonly record: Pick<TrackedEvent["record"], "offset">;
};

/**
 * What is open, finished, counted and charged of one destination. All its parts tell it what
 * happens to an event, in few words:
 *
 * - `enter`: it is in memory, and waits in its lane;
 * - `begin`: it is on its way, to the destination or to its dead letter;
 * - `back`: it came back without having ended, and waits again;
 * - `park`: it left memory without having ended: it stands in the retry topic, or in the log for
 *   whoever has its partition now;
 * - `end`: it has ended. It is counted, it leaves memory, and progress may move past it.
 */
export class Ledger {
  readonly counters: Counters;
  readonly problems: Problems;
  readonly #clock: Clock;
  readonly #share: MemoryShare;
  readonly #saver: ProgressSaver;
  readonly #wake: () => void;
  readonly #id: string;
  readonly #tap: Tap;
  /** Partitions of `events`, by number. */
  readonly #partitions = new Map<number, PartitionState>();
  /** Partitions of the retry topic, by number. */
  readonly #retries = new Map<number, PartitionState>();
  #events = 0;
  #bytes = 0;
  #phase: "joining" | "running" | "stopping" | "over" = "joining";
  #drained: (() => void) | undefined;

  constructor({ clock, counters, problems, share, saveInterval, wake, id, tap }: LedgerOptions) {
    this.#id = id;
    this.#tap = tap;
    this.#clock = clock;
    this.counters = counters;
    this.problems = problems;
    this.#share = share;
    this.#wake = wake;
    this.#saver = new ProgressSaver(clock, saveInterval, () => this.#all());
  }

  /** Events in memory that have not ended: bounded, whatever waits. */
  get events(): number {
    return this.#events;
  }

  /** Bytes of their records' payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  // --- an event's way ---

  enter(entry: TrackedEvent): void {
    const { weight, bytes, cost, partition, record } = entry;
    this.#events += weight;
    this.#bytes += bytes;
    partition.events += weight;
    partition.bytes += bytes;
    this.#share.take(record.held === 0 ? cost + record.shared : cost);
    record.held++;
  }

  begin(entry: TrackedEvent): void {
    if (entry.isOut) throw new Error(`Event ${entry.index} of record ${entry.record.offset} is on its way already`);
    entry.isOut = true;
    entry.partition.pending++;
  }

  back(entry: TrackedEvent): void {
    entry.isOut = false;
    const { partition } = entry;
    partition.pending--;
    if (partition.pending > 0) return;
    partition.onIdle?.();
    if (this.#drained !== undefined && this.isDrained) this.#drained();
  }

  park(entry: TrackedEvent): void {
    const { weight, bytes, cost, partition, record } = entry;
    record.held--;
    this.#share.give(record.held === 0 ? cost + record.shared : cost);
    if (partition.isGone) return;
    this.#events -= weight;
    this.#bytes -= bytes;
    partition.events -= weight;
    partition.bytes -= bytes;
  }

  end(entry: TrackedEvent, ending: Ending): void {
    const { partition, record, index, weight } = entry;
    if (partition.isGone) {
      if (entry.isOut) this.back(entry);
      this.park(entry);
      return;
    }
    if (this.#tap.isWatched) this.tell(entry, ending);
    const seconds = ending.kind === "delivered" ? Math.max(0, this.#clock.wall() - record.time) / 1000 : 0;
    this.counters.ended(ending, weight, seconds);
    if (entry.isOut) this.back(entry);
    this.park(entry);
    partition.window.finish(record, index);
    partition.ended++;
    this.touch(partition);
  }

  /** Whether somebody watches. Then every step is told. */
  get isWatched(): boolean {
    return this.#tap.isWatched;
  }

  /** Tells whoever watches. @see Tap */
  tell({ partition, record, index, origin, sourceId, event }: ToldEvent, step: Step): void {
    this.#tap.tell({
      destinationId: this.#id,
      at: this.#clock.wall(),
      sourceId,
      partition: origin?.partition ?? partition.source.partition,
      offset: origin?.offset ?? record.offset,
      index: origin?.index ?? index,
      messageId: event.messageId,
      step: redactedStep(step, (text) => this.problems.redact(text)),
    });
  }

  /** Counts events that ended before they were in memory. */
  count(ending: Ending, events: number): void {
    this.counters.ended(ending, events);
  }

  /** Looks again at what may have become possible: sending, loading, reading. */
  wake(): void {
    this.#wake();
  }

  // --- partitions ---

  /** The partitions of `events` that the destination has now. */
  get partitions(): readonly PartitionState[] {
    return [...this.#partitions.values()];
  }

  /** A partition of the retry topic was read. */
  addRetry(partition: PartitionState): void {
    this.#retries.set(partition.source.partition, partition);
  }

  /** Events in `events` that were counted, and not taken yet. */
  get unread(): number {
    return this.partitions.reduce((sum, { unread, part }) => sum + unread + (part?.left ?? 0), 0);
  }

  /**
   * Records of `events` with an event that has not ended, about: from the low-water mark to the
   * end.
   */
  get records(): number {
    return this.partitions.reduce((sum, { source, window }) => sum + Math.max(0, source.end() - window.low), 0);
  }

  /**
   * When the oldest event was accepted that was read and has not ended, milliseconds since the
   * epoch.
   */
  get oldest(): number | undefined {
    const times = [...this.#all()].flatMap(({ window }) => window.oldest?.time ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  partition(number: number): PartitionState | undefined {
    return this.#partitions.get(number);
  }

  /** A partition of `events` was assigned, or is begun anew. */
  add(partition: PartitionState): void {
    this.#partitions.set(partition.source.partition, partition);
  }

  /**
   * A partition was taken away, of `events` or of the retry topic. Where it stands is saved, unless
   * it is lost already.
   */
  remove(partition: PartitionState, isLost = false): void {
    if (!isLost) partition.source.save(progressOf(partition));
    partition.isGone = true;
    this.#events -= partition.events;
    this.#bytes -= partition.bytes;
    for (const partitions of [this.#partitions, this.#retries]) {
      const { partition: number } = partition.source;
      if (partitions.get(number) === partition) partitions.delete(number);
    }
  }

  /** Progress in the partition has moved. */
  touch(partition: PartitionState): void {
    this.#saver.touch(partition);
  }

  /** Resolves when nothing of the partition is on its way. */
  async idle(partition: PartitionState): Promise<void> {
    if (partition.pending === 0 || this.#phase === "over") return;
    await new Promise<void>((resolve) => {
      partition.onIdle = resolve;
    });
  }

  // --- start and end ---

  /** All has its place: events may be read, loaded and sent. */
  start(): void {
    if (this.#phase === "joining") this.#phase = "running";
  }

  get hasStarted(): boolean {
    return this.#phase !== "joining";
  }

  /** Whether the destination is being closed: nothing new is begun. */
  get isStopping(): boolean {
    return this.#phase === "stopping" || this.#phase === "over";
  }

  get isDrained(): boolean {
    for (const { pending } of this.#all()) if (pending > 0) return false;
    return true;
  }

  /** Begins nothing new. Resolves when nothing is on its way. */
  async drain(): Promise<void> {
    this.#phase = "stopping";
    if (this.isDrained) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    this.#phase = "over";
    this.#saver.stop();
  }

  /** Saves where everything stands, and lets go of those who wait for partitions. */
  close(): void {
    for (const partition of this.#all()) {
      partition.source.save(progressOf(partition));
      partition.onIdle?.();
    }
  }

  *#all(): Iterable<PartitionState> {
    yield* this.#partitions.values();
    yield* this.#retries.values();
  }
}
