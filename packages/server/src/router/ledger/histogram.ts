/** How many of what was measured lie at or below each bound: what Prometheus calls a histogram. */
export interface HistogramCounts {
  /**
   * Upper bounds, each with the number at or below it; without the last one, which is everything.
   */
  readonly buckets: readonly (readonly [bound: number, count: number])[];
  readonly count: number;
  readonly sum: number;
}

/** Counts lengths of time in buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Count of each bucket alone; the last one is for what is above all bounds. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds rising */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  toJSON(): HistogramCounts {
    let count = 0;
    const buckets = this.#bounds.map((bound, bucket): [number, number] => {
      count += this.#counts[bucket]!;
      return [bound, count];
    });
    return { buckets, count: count + this.#counts.at(-1)!, sum: this.#sum };
  }
}

/**
 * Seconds: from what a delivery next door takes to the wait for a destination that was down for a
 * night.
 */
export const latencyBounds: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 36_000,
];
