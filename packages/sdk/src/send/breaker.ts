import { retryDelay } from "./backoff.ts";

/**
 * Failures in a row, over all requests of the client, that open the breaker. One failure is an
 * accident.
 */
const threshold = 3;

/**
 * Decides how many requests may be in flight. There is one for the client, because what fails is
 * nearly always the server, the way to it or the key, and those are the same for every batch. It is
 * always in one of these modes:
 *
 * - **closed**: up to `limit` requests. Each success raises the limit by one, up to `concurrency`,
 *   where it begins. Three failures in a row, or a server that asks for time, open it.
 * - **open**: no requests until a moment that lies further away with each failed probe. Results of
 *   requests that were begun before still come in: a success closes the breaker, a failure changes
 *   nothing unless it asks for more time.
 * - **probing**: the moment has come. One request at a time; a success closes the breaker with a
 *   limit of one, a failure opens it again.
 *
 * So after an outage the server sees one request, then one more with each answer: no stampede.
 */
export class ClientBreaker {
  readonly #concurrency: number;
  readonly #random: () => number;
  #limit: number;
  /** Failures since the last success. */
  #failures = 0;
  #openings = 0;
  /** When it may probe, on the monotonic clock; `undefined` while closed. */
  #openUntil: number | undefined;

  constructor(concurrency: number, random: () => number) {
    this.#concurrency = concurrency;
    this.#limit = concurrency;
    this.#random = random;
  }

  mode(now: number): "closed" | "open" | "probing" {
    if (this.#openUntil === undefined) return "closed";
    return now < this.#openUntil ? "open" : "probing";
  }

  /** Whether one more request may be begun. */
  permits(now: number, inFlight: number): boolean {
    const mode = this.mode(now);
    return mode === "closed" ? inFlight < this.#limit : mode === "probing" && inFlight === 0;
  }

  /** When requests are possible again, if time alone is what they wait for. */
  get openUntil(): number | undefined {
    return this.#openUntil;
  }

  /** Returns whether this closed the breaker. */
  succeeded(): boolean {
    const closed = this.#openUntil !== undefined;
    this.#limit = closed ? 1 : Math.min(this.#concurrency, this.#limit + 1);
    this.#openUntil = undefined;
    this.#failures = 0;
    this.#openings = 0;
    return closed;
  }

  /**
   * @param asked milliseconds that the server asked for
   * @param hold tells the milliseconds until the next probe, by the number of openings, where it is
   * not as long as for retries
   */
  failed(now: number, asked?: number, hold?: (openings: number, random: number) => number): void {
    this.#failures++;
    const mode = this.mode(now);
    if (mode === "open") {
      if (asked !== undefined) this.#openUntil = Math.max(this.#openUntil ?? 0, now + asked);
    } else if (mode === "probing" || asked !== undefined || this.#failures >= threshold) {
      this.#openings++;
      const delay = hold?.(this.#openings, this.#random()) ?? retryDelay(this.#failures, this.#random());
      this.#openUntil = now + (asked ?? delay);
    }
  }

  /**
   * Forgets every failure, and lets as many requests go as ever: the client has no time left for
   * caution.
   */
  reset(): void {
    this.#limit = this.#concurrency;
    this.#failures = 0;
    this.#openings = 0;
    this.#openUntil = undefined;
  }
}
