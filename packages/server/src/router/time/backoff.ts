/** The upper bound of the first wait, milliseconds. */
export const shortestBackoff = 1000;
/**
 * The upper bound of every wait, milliseconds: where trying again is dear, or does not help before
 * somebody does something.
 */
export const longestBackoff: number = 5 * 60 * 1000;
/**
 * The same for what is cheap and worth to be found out soon, milliseconds: whether a server is
 * back, and one event among others.
 */
export const longestShortWait = 15_000;

/**
 * How long to wait after the `failures`th failure in a row, milliseconds: anything up to a bound
 * that doubles from 1 s to `longest` ("full jitter": those that failed together come back spread
 * out). A `Retry-After` is a lower bound to it.
 *
 * @param random gives a number in [0, 1)
 */
export function backoff(
  failures: number,
  random: () => number,
  retryAfter = 0,
  longest: number = longestBackoff,
): number {
  const bound = Math.min(longest, shortestBackoff * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfter, Math.ceil(random() * bound));
}
