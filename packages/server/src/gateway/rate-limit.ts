/**
 * A limit of events a second, as a bucket that holds one second's worth and fills continuously. A
 * request is allowed while anything is in the bucket and takes all its events out of it, if need be
 * into debt: a batch larger than the bucket passes now and then, and over time the rate holds. (A
 * bucket that had to hold the whole batch would refuse that batch for ever.)
 */
export class SourceRateLimit {
  readonly eventsPerSecond: number;
  readonly #capacity: number;
  #level: number;
  #at: number | undefined;

  constructor(eventsPerSecond: number) {
    this.eventsPerSecond = eventsPerSecond;
    this.#capacity = Math.max(eventsPerSecond, 1);
    this.#level = this.#capacity;
  }

  /**
   * Takes `events` at `now` (milliseconds). Returns 0, or the whole seconds until the next request
   * can be allowed, and then nothing is taken.
   */
  take(events: number, now: number): number {
    // A clock that was set back fills nothing, and does not take back what it filled.
    const elapsed = this.#at === undefined ? 0 : Math.max(0, now - this.#at);
    this.#at = now;
    this.#level = Math.min(this.#capacity, this.#level + (elapsed * this.eventsPerSecond) / 1000);
    if (this.#level > 0) {
      this.#level -= events;
      return 0;
    }
    return Math.max(1, Math.ceil(-this.#level / this.eventsPerSecond));
  }
}
