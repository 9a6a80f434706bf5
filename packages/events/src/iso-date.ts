/** A moment as an ISO 8601 text has it: of which RFC 3339 is the strict form. */
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * The years that every part of Pintle, and every database behind it, can hold: 1 to 9999, in UTC.
 * Milliseconds since the epoch.
 */
export const earliest: number = Date.parse("0001-01-01T00:00:00.000Z");
export const latest: number = Date.parse("9999-12-31T23:59:59.999Z");

/** Whether it is in the years 1 to 9999, in UTC. */
export function isInRange(milliseconds: number | undefined): boolean {
  return milliseconds !== undefined && milliseconds >= earliest && milliseconds <= latest;
}

/** Milliseconds since the epoch; `undefined` or NaN for what is no date in ISO 8601. */
export function parseIso(text: string): number | undefined {
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, offset] = parts;
  return parseParts(year, Number(month), day, hour, minute, second, fraction, offset);
}

/** `undefined` or NaN for what is not in the calendar, on the clock or an offset. */
export function parseParts(
  year: string | undefined,
  month: number,
  day: string | undefined,
  hour = "0",
  minute = "0",
  second = "0",
  fraction = "",
  offset?: string,
): number | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), month - 1, Number(day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== Number(day)) return undefined;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return date.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds) - offsetMilliseconds(offset);
}

/** NaN for an offset of a day or more. */
function offsetMilliseconds(offset: string | undefined): number {
  if (offset === undefined || offset === "Z" || offset === "z") return 0;
  const digits = offset.replace(":", "");
  const hours = Number(digits.slice(1, 3));
  const minutes = Number(digits.slice(3, 5) || "0");
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (digits[0] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
