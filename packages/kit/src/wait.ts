import type { Answer } from "./outcome.ts";

/**
 * The longest wait honoured when a service asks for one, milliseconds: a server whose clock is
 * wrong must not stop a destination for years.
 */
const longestWait: number = 24 * 60 * 60 * 1000;

/** Numbers from this one on are points in time rather than waits: 2001 in seconds, 1973 in ms. */
const epochSeconds = 1_000_000_000;
const epochMilliseconds = 100 * epochSeconds;

/**
 * Milliseconds to wait, by the first of these headers that can be read; `undefined` where none can.
 *
 * @param now milliseconds since the epoch
 * @param names in small letters, the one that counts first in front. @default `retry-after`
 */
export function waitOf(
  { headers }: Pick<Answer, "headers">,
  now: number,
  names: readonly string[] = ["retry-after"],
): number | undefined {
  for (const name of names) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    const wait = waitIn(name.endsWith("-ms") && /^\s*\d+\s*$/.test(value ?? "") ? `${value}ms` : value, now);
    if (wait !== undefined) return wait;
  }
  return undefined;
}

/**
 * Milliseconds to wait, of what a service says: a number of seconds, also with decimals; a text
 * with a unit, `500ms` or `2s`; the time of its end, in seconds or milliseconds since the epoch, or
 * as a date of HTTP (RFC 9110, 10.2.3) or RFC 3339. At most a day; `undefined` for anything else.
 *
 * @param now milliseconds since the epoch
 */
export function waitIn(value: unknown, now: number): number | undefined {
  const wait = typeof value === "number" ? ofNumber(value, now) : typeof value === "string" ? ofText(value, now) : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(Math.ceil(wait), 0), longestWait);
}

function ofText(value: string, now: number): number {
  const text = value.trim();
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s?(ms|s)?$/.exec(text) ?? [];
  if (digits !== undefined)
    return unit === undefined ? ofNumber(Number(digits), now) : Number(digits) * (unit === "ms" ? 1 : 1000);
  // `Date.parse` makes a date of nearly anything, like "-5".
  return /^([A-Z][a-z]+,? |\d{4}-\d\d-\d\dT)/.test(text) ? Date.parse(text) - now : NaN;
}

function ofNumber(value: number, now: number): number {
  if (value >= epochMilliseconds) return value - now;
  if (value >= epochSeconds) return value * 1000 - now;
  return value < 0 ? NaN : value * 1000;
}
