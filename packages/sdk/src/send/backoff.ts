const shortestRetry = 250;
const longestRetry = 30_000;

/**
 * The wait, in milliseconds, before attempt `failures + 1`: anything from 250 ms to a ceiling that
 * doubles with each failure up to 30 s. The whole range is used (full jitter), so that clients
 * which failed together do not come back together.
 *
 * @param random from 0 up to, but not including, 1
 */
export function retryDelay(failures: number, random: number): number {
  const ceiling = Math.min(longestRetry, shortestRetry * 2 ** Math.min(failures, 32));
  return shortestRetry + random * (ceiling - shortestRetry);
}
