import type { Throttle } from "../transform/event-transform.ts";

/**
 * Milliseconds of the allowance that may be saved up: as much as a late timer or a pause of the
 * event loop costs.
 */
const burst = 100;

/**
 * A limit of events a second to what goes out to one destination, attempts that are repeated
 * included. Events are spaced evenly; only a tenth of a second's worth can be sent at once after a
 * pause. A batch that is larger goes out whole, and the pause after it is as long as it is large,
 * so the rate holds over time.
 */
export class RateLimit implements Throttle {
  readonly #interval: number;
  /** When the next event may go, if no pause were saved up. */
  #due = Number.NEGATIVE_INFINITY;

  /** @param eventsPerSecond above 0 */
  constructor(eventsPerSecond: number) {
    this.#interval = 1000 / eventsPerSecond;
  }

  next(now: number): number {
    return Math.max(now, this.#due);
  }

  took(events: number, now: number): void {
    this.#due = Math.max(this.#due, now - burst) + events * this.#interval;
  }
}
