import { durationIn } from "@pintle/kit/values";
import { ServerError } from "../errors.ts";

const century = 100 * 365 * 24 * 60 * 60 * 1000;

/**
 * A point in time on the command line: `2026-11-20`, `2026-11-20T08:00:00Z` (without an offset: the
 * local time), or how long ago it was: `90s`, `2h`, `7d`.
 *
 * @param now milliseconds since the epoch
 * @returns RFC 3339, in UTC
 * @throws ServerError PINTLE_USAGE
 */
export function parseTime(flag: string, text: string, now: number): string {
  const ago = durationIn(text, 0, century);
  if (ago !== undefined) return new Date(now - ago).toISOString();
  const isDate = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/i.test(text);
  // A date alone is taken for UTC by the parser; with a time it would not be.
  const time = isDate ? Date.parse(text.includes(":") ? text : `${text}T00:00:00`) : Number.NaN;
  if (Number.isNaN(time)) {
    const allowed = "a time like 2026-11-20, 2026-11-20T08:00:00Z, or 2h for two hours ago";
    throw new ServerError("PINTLE_USAGE", `--${flag} takes ${allowed}, not ${JSON.stringify(text)}`);
  }
  return new Date(time).toISOString();
}
