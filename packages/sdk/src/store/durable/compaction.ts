import type { Log } from "@pintle/log";
import type { JournalWriter } from "./journal-writer.ts";
import type { PendingIndex } from "./pending-index.ts";
import type { MessagePlace } from "./record.ts";
import { RecordBatch } from "./record-batch.ts";
import type { StoredEntry } from "./stored-entry.ts";

/** Bytes of messages that are moved at once. */
const moveBytes = 1024 * 1024;
/** The number of segments above which moving is worth while. */
const fewSegments = 4;

/**
 * Keeps a journal small: removes segments in which everything has ended, and moves the few messages
 * that keep old ones, docs/durable-mode.md, "When what is written".
 */
export class JournalCompaction {
  readonly #journal: number;
  readonly #log: Log;
  readonly #index: PendingIndex;
  readonly #writer: JournalWriter;
  readonly #segmentBytes: number;
  readonly #changed: () => void;
  #logBytes: number;
  #retainedTo = 0;
  /** Bytes of a log below which messages are not moved. */
  #moveFrom: number;

  /**
   * @param journal its number
   * @param changed segments were removed
   */
  constructor(
    journal: number,
    log: Log,
    index: PendingIndex,
    writer: JournalWriter,
    segmentBytes: number,
    changed: () => void,
  ) {
    this.#journal = journal;
    this.#log = log;
    this.#index = index;
    this.#writer = writer;
    this.#segmentBytes = segmentBytes;
    this.#changed = changed;
    this.#logBytes = log.bytes;
    this.#moveFrom = this.#fewBytes;
  }

  /** Bytes of the log's files, without what is being written. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** Compacts. Called when nothing is being written. */
  run(): void {
    this.#logBytes = this.#log.bytes;
    this.#retain();
    this.#move();
  }

  get #fewBytes(): number {
    return fewSegments * this.#segmentBytes;
  }

  /** Removes segments that nobody needs, where the log does not come to it by itself soon. */
  #retain(): void {
    const low = this.#index.low(this.#writer.floor);
    if (low <= this.#retainedTo || this.#logBytes <= 2 * this.#segmentBytes) return;
    this.#retainedTo = low;
    this.#log.retain().then(
      () => {
        this.#logBytes = this.#log.bytes;
        this.#moveFrom = Math.max(this.#fewBytes, Math.min(this.#moveFrom, this.#logBytes + this.#segmentBytes));
        this.#changed();
      },
      // The next turn meets the same error, and reports it.
      () => {},
    );
  }

  /**
   * Copies the oldest messages to the end of the log, so that the segments that they are in can be
   * removed.
   */
  #move(): void {
    if (this.#logBytes < this.#moveFrom || 4 * this.#index.bytes >= this.#logBytes) return;
    // Not again before another segment is full; and a disk that fails is left in peace.
    this.#moveFrom = this.#logBytes + this.#segmentBytes;
    if (this.#writer.hasFailed) return;
    const most = Math.min(moveBytes, this.#segmentBytes / 2);
    const copy = new RecordBatch(this.#journal);
    const from: RecordBatch[] = [];
    const before: { readonly entry: StoredEntry; readonly record: RecordBatch; readonly index: number }[] = [];
    const origins: MessagePlace[] = [];
    for (const record of this.#index.oldest()) {
      if (copy.bytes + record.bytes > most && copy.live > 0) break;
      from.push(record);
      for (const entry of record.entries) {
        if (entry === undefined) continue;
        const { index } = entry;
        before.push({ entry, record, index });
        origins.push(record.origins?.[index] ?? { offset: record.offset, index });
        copy.add(entry);
      }
    }
    if (copy.live === 0) return;
    copy.origins = origins;
    this.#writer.move(copy, (isStored) => {
      if (isStored) this.#index.replaced(from, copy);
      else for (const { entry, ...place } of before) Object.assign(entry, place);
    });
  }
}
