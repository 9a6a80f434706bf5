/**
 * Waits that answers of the data plane lead to. All in milliseconds; `random` is from 0 up to, but
 * not including, 1.
 */

const shortestHold = 30_000;
const longestHold = 300_000;

/**
 * The longest wait that a server may ask for by `Retry-After`; whatever is longer is taken as this.
 */
export const longestRetryAfter = 300_000;

/**
 * While key or URL seem to be wrong: 15 to 30 s at first, at last 2.5 to 5 minutes. Somebody has to
 * mend it, which takes its time; and a wrong key that is tried often looks like an attack.
 */
export function holdDelay(holds: number, random: number): number {
  const ceiling = Math.min(longestHold, shortestHold * 2 ** Math.min(holds - 1, 32));
  return (ceiling * (1 + random)) / 2;
}

/**
 * What a server asked for, and up to a tenth more, a second at least: other clients were given the
 * same moment.
 */
export function askedDelay(asked: number, random: number): number {
  return asked + random * Math.max(1_000, asked / 10);
}

/**
 * `Retry-After` (RFC 9110, section 10.2.3) in milliseconds: seconds, or a date. A date is compared
 * with the server's own `Date`, where it sends one, so that a wrong clock on either side does no
 * harm. `undefined` for what is neither.
 */
export function parseRetryAfter(value: string | undefined, date: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(longestRetryAfter, Number(text) * 1_000);
  const until = parseHttpDate(text);
  if (until === undefined) return undefined;
  return Math.min(longestRetryAfter, Math.max(0, until - (parseHttpDate(date) ?? now)));
}

function parseHttpDate(text: string | undefined): number | undefined {
  // Date.parse takes far more than dates of HTTP, which all begin with the day's name.
  if (text === undefined || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
