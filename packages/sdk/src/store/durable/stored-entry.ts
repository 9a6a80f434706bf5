import { QueueEntry } from "../entry.ts";

/** The record that a message is in, as far as the message knows it. */
export interface StoredIn {
  /** Number of the journal. */
  readonly journal: number;
  /** Offset of the record, once it is stored. */
  readonly offset: number;
  readonly state: "open" | "writing" | "stored" | "failed";
  /** Calls back when it is stored or has failed. */
  whenSettled(callback: () => void): void;
}

/** A message of durable mode, which also knows where on disk it is. */
export class StoredEntry extends QueueEntry {
  /**
   * Undefined while it is in no record, and when it has become clear that it will not be on disk.
   */
  record: StoredIn | undefined = undefined;
  /** The message's index in that record. */
  index = 0;
  /** Whether it is on disk; while that is open, what to call then, if somebody wants to know. */
  #stored: boolean | ((stored: boolean) => void) | undefined = undefined;

  get isStored(): boolean {
    return this.#stored === true;
  }

  /** Settles it, once: it is on disk or will not be. */
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
