import { assertMove, type Moves } from "./moves.ts";
import type { MessagePlace } from "./record.ts";
import type { StoredEntry, StoredIn } from "./stored-entry.ts";

const moves: Moves<StoredIn["state"]> = { open: ["writing"], writing: ["stored", "failed"], stored: [], failed: [] };

/**
 * Messages that share a record. A batch is always in one of these states, and moves only as shown:
 *
 *     open --> writing --> stored
 *                  +-----> failed
 *
 * - **open**: takes messages.
 * - **writing**: its record is on its way to the disk.
 * - **stored**: its record is synced; `offset` is known.
 * - **failed**: it could not be written, and will not be. Its messages are in memory only.
 */
export class RecordBatch implements StoredIn {
  readonly journal: number;
  /** Entries by index; those that have ended are undefined. */
  readonly entries: (StoredEntry | undefined)[] = [];
  /** Messages that have not ended. */
  live = 0;
  bytes = 0;
  /** Whether it is in the line, not in the queue; see `DurableStore`. */
  isInLine = false;
  /** Where its messages were first, by index, if they have been moved. */
  origins: MessagePlace[] | undefined;
  #state: StoredIn["state"] = "open";
  #offset = -1;
  #waiting: (() => void)[] = [];

  /** @param journal number of the journal */
  constructor(journal: number) {
    this.journal = journal;
  }

  /** A record that is on disk already; its messages are put there one by one. */
  static stored(journal: number, offset: number): RecordBatch {
    const batch = new RecordBatch(journal);
    batch.#state = "stored";
    batch.#offset = offset;
    return batch;
  }

  get state(): StoredIn["state"] {
    return this.#state;
  }

  get offset(): number {
    return this.#offset;
  }

  add(entry: StoredEntry): void {
    this.put(entry, this.entries.length);
  }

  put(entry: StoredEntry, index: number): void {
    this.entries[index] = entry;
    entry.record = this;
    entry.index = index;
    this.live++;
    this.bytes += entry.length;
  }

  /** The message has ended. */
  remove(entry: StoredEntry): void {
    this.entries[entry.index] = undefined;
    this.live--;
  }

  whenSettled(callback: () => void): void {
    if (this.isSettled) callback();
    else this.#waiting.push(callback);
  }

  get isSettled(): boolean {
    return this.#state === "stored" || this.#state === "failed";
  }

  writing(): void {
    this.#become("writing");
  }

  stored(offset: number): void {
    this.#offset = offset;
    this.#become("stored");
  }

  failed(): void {
    this.#become("failed");
  }

  #become(state: StoredIn["state"]): void {
    assertMove(moves, this.#state, state);
    this.#state = state;
    if (this.isSettled) for (const callback of this.#waiting.splice(0)) callback();
  }
}
