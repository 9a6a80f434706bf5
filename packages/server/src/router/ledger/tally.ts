/**
 * Distinct reasons that are counted each for itself: a destination that made one up for every event
 * would fill the memory.
 */
const mostReasons = 100;

/** Counts under reasons. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(reason: string, count = 1): void {
    const name = this.#counts.has(reason) || this.#counts.size < mostReasons ? reason : "other";
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
    this.#total += count;
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
