import type { Dropped, Outcome } from "../outcome.ts";
import type { Accepted } from "./outbox.ts";

/**
 * A message that was accepted and is not queued yet: whoever asks for its end is passed on to what
 * it becomes.
 */
export class Transit implements Accepted {
  #end: Accepted | Dropped | undefined;
  #waiting: ((end: Accepted | Dropped) => void)[] = [];

  /** Ends it, once: it has become a queued message, or was given up. */
  end(end: Accepted | Dropped): void {
    this.#end = end;
    for (const callback of this.#waiting) callback(end);
    this.#waiting = [];
  }

  whenEnded(callback: (outcome: Outcome) => void): void {
    this.#whenPassed((end) => ("status" in end ? callback(end) : end.whenEnded(callback)));
  }

  whenStored(callback: (stored: boolean) => void): void {
    this.#whenPassed((end) => ("status" in end ? callback(false) : end.whenStored(callback)));
  }

  #whenPassed(callback: (end: Accepted | Dropped) => void): void {
    if (this.#end === undefined) this.#waiting.push(callback);
    else callback(this.#end);
  }
}
