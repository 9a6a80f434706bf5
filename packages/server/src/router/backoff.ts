/** The upper bound of the first wait, milliseconds. */
export const shortestBackoff = 1000;
/** The upper bound of every wait, milliseconds. */
export const longestBackoff: number = 5 * 60 * 1000;

/**
 * How long to wait after the `failures`th failure in a row, milliseconds: anything up to a bound that doubles from 1 s to
 * 5 min ("full jitter": those that failed together come back spread out). A `Retry-After` is a lower bound to it.
 *
 * @param random gives a number in [0, 1)
 */
export function backoff(failures: number, random: () => number, retryAfter = 0): number {
  const bound = Math.min(longestBackoff, shortestBackoff * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfter, Math.ceil(random() * bound));
}
