import type { Outcome } from "./outcome.ts";

/**
 * A message that has been accepted: its encoded bytes, what delivery has to know of it, and its end.
 *
 * There is one per queued message and nothing else, so its size counts: it has as few fields as delivery can do with, and
 * lists of entries are linked through the entries themselves.
 */
export class Entry {
  /** Encoded by `encodeMessage`, without `sentAt`. */
  bytes: Uint8Array;
  /** Position among all messages of the client. */
  readonly seq: number;
  /** Hash of the user key: messages with the same one are delivered in order. */
  readonly lane: number;
  /** On the monotonic clock. */
  readonly acceptedAt: number;
  /** How it ended; while it has not, what to call then, if somebody wants to know. */
  ending: Outcome | ((outcome: Outcome) => void) | undefined = undefined;

  constructor(bytes: Uint8Array, seq: number, lane: number, acceptedAt: number) {
    this.bytes = bytes;
    this.seq = seq;
    this.lane = lane;
    this.acceptedAt = acceptedAt;
  }

  end(outcome: Outcome): void {
    const waiting = this.ending;
    this.ending = outcome;
    if (typeof waiting === "function") waiting(outcome);
  }

  /** Calls back with how it ends, or has ended. */
  whenEnded(callback: (outcome: Outcome) => void): void {
    const { ending } = this;
    if (ending === undefined) this.ending = callback;
    else if (typeof ending !== "function") callback(ending);
    else {
      this.ending = (outcome) => {
        ending(outcome);
        callback(outcome);
      };
    }
  }
}
