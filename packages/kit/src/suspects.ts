import type { CarriedEvent } from "./carried-event.ts";

/** Suspects kept: above this number the oldest is forgotten, which costs a few more requests. */
const mostSuspects = 10_000;

/**
 * Events that were in a request of several which failed in a way that can be the fault of one of
 * them (500, a broken connection), and how many may be together with each in the next attempt: half
 * as many as before. So after some attempts the event at fault is alone, the others have got
 * through, and no attempt takes more requests than there are events. A server that fails every
 * request is not flooded.
 */
export class Suspects {
  readonly #rooms = new Map<string, number>();

  /** How many events a request with this one carries at most. */
  roomOf({ messageId }: CarriedEvent): number {
    return this.#rooms.get(messageId) ?? Number.POSITIVE_INFINITY;
  }

  /** A request with these events has failed. */
  failed(events: readonly CarriedEvent[]): void {
    for (const { messageId } of events) {
      this.#rooms.delete(messageId);
      this.#rooms.set(messageId, Math.ceil(events.length / 2));
    }
    for (const messageId of this.#rooms.keys()) {
      if (this.#rooms.size <= mostSuspects) break;
      this.#rooms.delete(messageId);
    }
  }

  /** The event has come to its end here. */
  ended({ messageId }: CarriedEvent): void {
    if (this.#rooms.size > 0) this.#rooms.delete(messageId);
  }
}
