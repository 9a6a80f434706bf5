import type { OffsetRange } from "@pintle/log";
import type { MessagePlace } from "./record.ts";
import type { RecordBatch } from "./record-batch.ts";
import type { StoredEntry } from "./stored-entry.ts";

/**
 * Messages that are on disk and not in memory: those in the records of these offsets that are not
 * finished.
 */
export interface UnreadRange extends OffsetRange {
  /** Number of the journal. */
  readonly journal: number;
  /** Rises as it is read. */
  from: number;
  /** Rises as records are added. */
  to: number;
  count: number;
  bytes: number;
}

/** What of a journal has not ended, and where it is. */
export class PendingIndex {
  /** Stored batches with messages in memory that have not ended, by offset, which ascends. */
  readonly #live = new Map<number, RecordBatch>();
  /** The same for moved ones, in no particular order; there are few. */
  readonly #moved = new Map<number, RecordBatch>();
  /** What is on disk only, in order, behind everything live. */
  readonly #unread: UnreadRange[] = [];
  /** Bytes of messages that are stored and have not ended. */
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#live.size === 0 && this.#moved.size === 0 && this.#unread.length === 0;
  }

  /**
   * The offset below which every message is finished. Nothing that is being written is
   * below `floor`.
   */
  low(floor: number): number {
    let low = floor;
    for (const offset of this.#moved.keys()) low = Math.min(low, offset);
    const [first] = this.#live.keys();
    return Math.min(low, first ?? low, this.#unread[0]?.from ?? low);
  }

  /** What an earlier process has left: moved messages, and the range of all others. */
  found(movedBytes: number, range: UnreadRange): void {
    if (range.count > 0) this.#unread.push(range);
    this.#bytes = movedBytes + range.bytes;
  }

  /** Messages have become part of the journal. */
  stored(batch: RecordBatch): void {
    this.#bytes += batch.bytes;
  }

  /** The messages of a stored batch are in memory. */
  loaded(batch: RecordBatch): void {
    if (batch.live > 0) (batch.origins === undefined ? this.#live : this.#moved).set(batch.offset, batch);
  }

  /** A message has ended; returns where it was. */
  ended(entry: StoredEntry): MessagePlace {
    const { offset } = entry.record!;
    const batch = this.#live.get(offset) ?? this.#moved.get(offset);
    if (batch === undefined) throw new Error(`a message ended whose record, at offset ${offset}, is not in memory`);
    batch.remove(entry);
    this.#bytes -= entry.length;
    if (batch.live === 0) this.#forget(batch);
    return { offset, index: entry.index };
  }

  /**
   * The messages of a stored batch leave memory. Returns what stands for them; joined to `before`
   * where that is possible.
   */
  spilled(batch: RecordBatch, before: UnreadRange | undefined): UnreadRange | undefined {
    const { journal, offset, live: count, bytes } = batch;
    if (before !== undefined && before === this.#unread.at(-1)) {
      before.to = offset + 1;
      before.count += count;
      before.bytes += bytes;
      return undefined;
    }
    const range = { journal, from: offset, to: offset + 1, count, bytes };
    this.#unread.push(range);
    return range;
  }

  /** The first range has been read to its end. */
  finishRange(): void {
    this.#unread.shift();
  }

  /** The batches in memory, oldest first. */
  oldest(): RecordBatch[] {
    return [...this.#live.values(), ...this.#moved.values()].sort((a, b) => a.offset - b.offset);
  }

  /** Notes that all messages of these batches that have not ended are in another one now. */
  replaced(batches: readonly RecordBatch[], by: RecordBatch): void {
    for (const batch of batches) this.#forget(batch);
    this.loaded(by);
  }

  #forget({ offset }: RecordBatch): void {
    this.#live.delete(offset);
    this.#moved.delete(offset);
  }
}
