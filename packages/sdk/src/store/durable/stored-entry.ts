import { Entry } from "../entry.ts";
import type { RecordBatch } from "./record-batch.ts";

/** A message of durable mode, which also knows where on disk it is. */
export class StoredEntry extends Entry {
  /** The record that it is in; undefined while it has none, and when it has become clear that it will not be on disk. */
  block: RecordBatch | undefined = undefined;
  /** Which message of that record it is. */
  index = 0;
  /** Whether it is on disk; while that is open, what to call then, if somebody wants to know. */
  #stored: boolean | ((stored: boolean) => void) | undefined = undefined;

  get isStored(): boolean {
    return this.#stored === true;
  }

  /** Once, when it is on disk or will not be. */
  settleStored(stored: boolean): void {
    const waiting = this.#stored;
    this.#stored = stored;
    if (typeof waiting === "function") waiting(stored);
  }

  override whenStored(callback: (stored: boolean) => void): void {
    const stored = this.#stored;
    if (stored === undefined) this.#stored = callback;
    else if (typeof stored === "boolean") callback(stored);
    else {
      this.#stored = (result) => {
        stored(result);
        callback(result);
      };
    }
  }
}
