/**
 * The time limit for the owner's code to load, in milliseconds, unless `--config-timeout` says
 * otherwise.
 */
export const defaultConfigTimeout = 30_000;

/** What to tell the owner of a configuration that did not load within `limit` milliseconds. */
export function timeoutMessage(shownAs: string, limit: number): string {
  const time = limit % 1000 === 0 ? `${limit / 1000} s` : `${limit} ms`;
  return `${shownAs}: not loaded within ${time}: something in it waits or runs without an end (give a request in it a time limit; where it needs longer: --config-timeout TIME)`;
}
