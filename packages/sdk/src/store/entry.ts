import type { Outcome } from "../outcome.ts";
import { Slice } from "./memory/byte-store.ts";

/**
 * A message that has been accepted: its encoded bytes (without `sentAt`), what delivery has to know
 * of it, and its end.
 *
 * There is one per queued message and nothing else, 112 bytes on Node, so its fields are few, and
 * the lists of the queue are linked through the entries themselves.
 */
export class QueueEntry extends Slice {
  /** Position among all accepted messages of the client, from 1. */
  seq = 0;
  /** Hash of the user key, 32 bit: messages with the same one are delivered in order. */
  readonly lane: number;
  /** Whole milliseconds since the client began. */
  readonly acceptedAt: number;

  /** Neighbours by age in the queue. */
  older: QueueEntry | undefined = undefined;
  newer: QueueEntry | undefined = undefined;
  /** The next one that waits for the same lane. */
  behind: QueueEntry | undefined = undefined;

  /** How it ended; while it has not, what to call then, if somebody wants to know. */
  #ending: Outcome | ((outcome: Outcome) => void) | undefined = undefined;

  constructor(lane: number, acceptedAt: number) {
    super();
    this.lane = lane;
    this.acceptedAt = acceptedAt;
  }

  /** Ends it, once: the message is delivered or dropped. */
  end(outcome: Outcome): void {
    const waiting = this.#ending;
    this.#ending = outcome;
    if (typeof waiting === "function") waiting(outcome);
  }

  /**
   * Calls back with whether it is on disk, when that is known: it never is, but in durable mode.
   */
  whenStored(callback: (stored: boolean) => void): void {
    callback(false);
  }

  /** Calls back with how it ends, or has ended. */
  whenEnded(callback: (outcome: Outcome) => void): void {
    const ending = this.#ending;
    if (ending === undefined) this.#ending = callback;
    else if (typeof ending !== "function") callback(ending);
    else {
      this.#ending = (outcome) => {
        ending(outcome);
        callback(outcome);
      };
    }
  }
}
