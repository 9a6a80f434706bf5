/**
 * Timestamps as the SDKs of this field send them: ISO 8601 (of which RFC 3339 is the strict form), and the dates of mail
 * and HTTP (RFC 2822, RFC 9110). `Date.parse` alone would not do: it takes `"event 7"` for a date in 2001.
 */
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const mail =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}(?::\d{2})? (?:GMT|UTC|UT|Z|[+-]\d{4})$/;
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds since the epoch, or `undefined` when the value is no date. A time without an offset is taken as UTC; a date
 * alone is its midnight, UTC. Digits below the millisecond are cut off. A date that is not in the calendar (30 February),
 * and an hour over 23, are no dates; a leap second (60) is the second after.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const parts = iso.exec(value);
  if (parts === null) return mail.test(value) ? valid(Date.parse(value)) : undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", offset] = parts;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return date.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds) - offsetMilliseconds(offset);
}

function offsetMilliseconds(offset: string | undefined): number {
  if (offset === undefined || offset === "Z" || offset === "z") return 0;
  const digits = offset.replace(":", "");
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5) || "0");
  return (digits[0] === "-" ? -minutes : minutes) * 60_000;
}

/** Whether the text is RFC 3339 in the form that every consumer understands, so that it can be passed on as it is. */
export function isRfc3339(text: string): boolean {
  return rfc3339.test(text) && parseTimestamp(text) !== undefined;
}

function valid(milliseconds: number): number | undefined {
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
