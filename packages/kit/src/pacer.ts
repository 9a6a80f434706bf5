/** A rate limit of a service: a number of requests within a number of milliseconds. */
export interface Pace {
  readonly requests: number;
  /** Milliseconds. */
  readonly per: number;
}

/** Waits a number of milliseconds; rejects if aborted. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/**
 * Keys kept: above this number, the least recently used one is forgotten once its window is over.
 */
const mostKeys = 10_000;

/**
 * Keeps requests within the known rate limit of a service, in any stretch of time, so that it never
 * has to refuse one. Requests get their turns in the order in which they ask.
 */
export class Pacer {
  readonly #paces: (key: string) => readonly Pace[];
  readonly #now: () => number;
  readonly #sleep: Sleep;
  readonly #closing = new AbortController();
  /** The times of the latest turns of each key and pace, in a ring each. */
  readonly #turns = new Map<string, readonly Turns[]>();

  constructor(paces: (key: string) => readonly Pace[], now: () => number, sleep: Sleep) {
    this.#paces = paces;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** Resolves when a request may go out. Rejects once the pacer is closed. */
  async turn(key: string): Promise<void> {
    const now = this.#now();
    const all = this.#turns.get(key) ?? this.#paces(key).map((pace) => new Turns(pace));
    const at = all.reduce((latest, turns) => Math.max(latest, turns.earliest(now)), now);
    for (const turns of all) turns.take(at);
    this.#turns.delete(key);
    this.#turns.set(key, all);
    this.#forget(now);
    if (at > now) await this.#sleep(at - now, this.#closing.signal);
  }

  close(): void {
    this.#closing.abort();
  }

  #forget(now: number): void {
    if (this.#turns.size <= mostKeys) return;
    const [oldest] = this.#turns;
    if (oldest?.[1].every((turns) => turns.isOver(now)) === true) this.#turns.delete(oldest[0]);
  }
}

/** The times of the latest turns within one pace. */
class Turns {
  readonly #pace: Pace;
  readonly #times: number[] = [];
  #next = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /**
   * The earliest time of the next turn: the turn that many turns ago has to be out of the window.
   */
  earliest(now: number): number {
    const { requests, per } = this.#pace;
    const first = this.#times.length < requests ? undefined : this.#times[this.#next];
    if (first === undefined) return now;
    // If the clock was set back, the wait is no longer than the latest turns reach.
    const latest = this.#times[(this.#next + requests - 1) % requests]!;
    return Math.min(Math.max(now, first + per), Math.max(now, latest) + per);
  }

  take(at: number): void {
    this.#times[this.#next] = at;
    this.#next = (this.#next + 1) % this.#pace.requests;
  }

  isOver(now: number): boolean {
    return this.#times.every((time) => time + this.#pace.per < now);
  }
}
