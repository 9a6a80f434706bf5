import type { Journal } from "./journal.ts";
import type { Place } from "./record.ts";
import type { StoredEntry } from "./stored-entry.ts";

/**
 * Messages that share a record. A block is always in one of these states, and moves only as shown:
 *
 *     open --> writing --> stored
 *                  +-----> failed
 *
 * - **open**: takes messages.
 * - **writing**: its record is on its way to the disk.
 * - **stored**: its record is synced; `offset` is known.
 * - **failed**: it could not be written, and will not be. Its messages are in memory only.
 */
export class RecordBatch {
  readonly slot: Journal;
  /** By index; undefined are those that have ended. */
  readonly entries: (StoredEntry | undefined)[] = [];
  /** Messages that have not ended. */
  live = 0;
  bytes = 0;
  state: "open" | "writing" | "stored" | "failed" = "open";
  offset = -1;
  /** It is in the line, not in the queue; see `DurableStore`. */
  isInLine = false;
  /** Where its messages were first, by index, if they have been moved. */
  origins: Place[] | undefined;
  #waiting: (() => void)[] = [];

  constructor(slot: Journal) {
    this.slot = slot;
  }

  get isSettled(): boolean {
    return this.state === "stored" || this.state === "failed";
  }

  add(entry: StoredEntry): void {
    this.put(entry, this.entries.length);
  }

  put(entry: StoredEntry, index: number): void {
    this.entries[index] = entry;
    entry.block = this;
    entry.index = index;
    this.live++;
    this.bytes += entry.length;
  }

  /** The message has ended. */
  remove(entry: StoredEntry): void {
    this.entries[entry.index] = undefined;
    this.live--;
  }

  /** Calls back when the block is stored or has failed. */
  whenSettled(callback: () => void): void {
    if (this.isSettled) callback();
    else this.#waiting.push(callback);
  }

  settle(state: "stored" | "failed", offset: number): void {
    this.state = state;
    this.offset = offset;
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
