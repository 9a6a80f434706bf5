import type { BreakerState } from "../ledger/status.ts";
import { backoff, longestBackoff, longestShortWait, shortestBackoff } from "../time/backoff.ts";

/** First attempts that are looked at when judging whether most events fail. */
const judged = 64;

/**
 * Whether a destination is called, and how much. It is always in one of three states:
 *
 * - **closed**: events go out, at most `allowed` batches at a time. After a recovery `allowed`
 *   starts at 2 and grows by one with every batch that succeeds, so it doubles with each round;
 * - **open**: the destination is in trouble, nothing goes out before `until`;
 * - **half-open**: one batch, the probe, goes out. If it succeeds the breaker closes, if not it
 *   opens again, for longer, up to 15 s. One that is not answered for 15 s is not waited for:
 *   another one goes out beside it.
 *
 * Trouble is a failure of scope destination, or that more than half of the last 64 events failed at
 * their first attempt. (Only first attempts count: a single event that is tried over and over says
 * nothing about the others.)
 */
export class Breaker {
  readonly #max: number;
  readonly #random: () => number;
  #state: BreakerState = "closed";
  #allowed: number;
  #probing = false;
  /** The probe before was not waited for. */
  #isBeside = false;
  /** When the latest probe went out. */
  #probedAt = 0;
  #tickedAt = 0;
  #until = 0;
  /**
   * How often it has opened without having fully recovered, or having been closed for as long as
   * the longest wait.
   */
  #openings = 0;
  #closedAt = Number.NEGATIVE_INFINITY;
  /** When something got through last. */
  #succeededAt = Number.NEGATIVE_INFINITY;
  readonly #failedFirst = new Uint8Array(judged);
  #firstAttempts = 0;
  #firstFailures = 0;

  /** @param max batches at a time when all is well */
  constructor(max: number, random: () => number) {
    this.#max = max;
    this.#allowed = max;
    this.#random = random;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** When open: the time at which it will be half-open. */
  get until(): number {
    return this.#until;
  }

  /** When the next probe may go out, whatever else happens; `Infinity`: none is waited for. */
  get nextProbe(): number {
    if (this.#state === "open") return this.#until;
    return this.#state === "half-open" && this.#probing ? this.#probedAt + longestShortWait : Number.POSITIVE_INFINITY;
  }

  /**
   * Whether one more batch may go out. In half-open, the one that does is the probe: tell `probe`.
   */
  admits(inFlight: number): boolean {
    if (this.#state === "closed") return inFlight < this.#allowed;
    // Beside a probe that hangs another one needs room.
    return this.#state === "half-open" && !this.#probing && (!this.#isBeside || inFlight < this.#max);
  }

  /** The batch that goes out now is the probe. */
  probe(): void {
    if (this.#state !== "half-open") throw new Error(`The breaker is ${this.#state}, not half-open`);
    this.#probing = true;
    this.#probedAt = this.#tickedAt;
  }

  /** The probe never reached the destination: another one may go out. */
  unprobed(): void {
    this.#probing = false;
  }

  /** Moves from open to half-open once it is time, and gives up waiting for a probe. */
  tick(now: number): void {
    this.#tickedAt = now;
    if (now < this.nextProbe) return;
    this.#isBeside = this.#state === "half-open";
    this.#state = "half-open";
    this.#probing = false;
  }

  /** Ends the wait: somebody says that it is worth a probe. */
  retryNow(): void {
    if (this.#state === "open") this.#until = Number.NEGATIVE_INFINITY;
    else if (this.#probing) {
      this.#probing = false;
      this.#isBeside = true;
    }
  }

  /** A batch got through: the destination took its events, or refused them for what they are. */
  succeeded(isProbe: boolean, now: number): void {
    this.#succeededAt = now;
    if (isProbe && this.#state === "half-open") {
      this.#state = "closed";
      this.#closedAt = now;
      this.#allowed = Math.min(2, this.#max);
    } else if (this.#state === "closed" && this.#allowed < this.#max) {
      this.#allowed++;
    } else {
      // A late success of a batch that went out before the trouble proves nothing about now.
      return;
    }
    if (this.#allowed === this.#max) this.#openings = 0;
  }

  /**
   * A failure of scope destination, or any failure of the probe. Batches that fail together with
   * the one that opened it do not make the wait longer; a later `Retry-After` does. What a probe
   * took to fail is part of the wait after it.
   *
   * @param longest the bound of the wait, milliseconds
   */
  troubled(now: number, isProbe: boolean, retryAfter = 0, longest: number = longestShortWait): void {
    if (this.#state === "open" || (this.#state === "half-open" && !isProbe)) {
      if (this.#state === "open") this.#until = Math.max(this.#until, now + retryAfter);
      return;
    }
    // One that gets few events may never have all its batches on their way.
    if (this.#state === "closed" && now - this.#closedAt >= longestBackoff) this.#openings = 0;
    const since = this.#state === "half-open" ? this.#probedAt : now;
    this.#state = "open";
    this.#probing = false;
    this.#openings++;
    // One that took something a moment ago is not left alone for longer than that is ago: perhaps
    // all that it does is to refuse some of its requests, and several came together.
    const bound = Math.min(longest, Math.max(2 * shortestBackoff, now - this.#succeededAt));
    const wait = backoff(this.#openings, this.#random, 0, bound);
    this.#until = Math.max(since + wait, now + Math.min(wait, shortestBackoff), now + retryAfter);
    this.#firstAttempts = 0;
    this.#firstFailures = 0;
  }

  /** The first attempt of an event ended; returns whether most of the latest ones have failed. */
  firstAttempt(failed: boolean): boolean {
    if (this.#state !== "closed") return false;
    const slot = this.#firstAttempts % judged;
    if (this.#firstAttempts >= judged) this.#firstFailures -= this.#failedFirst[slot] ?? 0;
    this.#failedFirst[slot] = failed ? 1 : 0;
    this.#firstFailures += failed ? 1 : 0;
    this.#firstAttempts++;
    return this.#firstAttempts >= judged && this.#firstFailures > judged / 2;
  }
}
