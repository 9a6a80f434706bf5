/**
 * Timestamps as the SDKs of this field send them: ISO 8601 (of which RFC 3339 is the strict form), and the dates of mail
 * and HTTP (RFC 2822, RFC 9110). `Date.parse` alone would not do: it takes `"event 7"` for a date in 2001.
 */
const iso =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const mail = new RegExp(
  String.raw`^(?:(?:mon|tue|wed|thu|fri|sat|sun), ?)?(\d{1,2}) (${months.join("|")}) (\d{4}) (\d{2}):(\d{2})(?::(\d{2}))? (?:gmt|utc|ut|z|([+-]\d{4}))$`,
  "i",
);
const storable = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** The years that every part of Pintle, and every database behind it, can hold: 1 to 9999, in UTC. Milliseconds since the epoch. */
const earliest: number = Date.parse("0001-01-01T00:00:00.000Z");
const latest: number = Date.parse("9999-12-31T23:59:59.999Z");

/** A time as it is passed on. */
export interface Time {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** RFC 3339: as it was written, where every consumer can store that; else anew, in UTC, with milliseconds. */
  readonly text: string;
}

/**
 * The one rule for times that clients send: of a text what {@link parseTimestamp} reads, of a number what `numberTime` reads. `undefined`:
 * it cannot be read.
 */
export function readTime(value: unknown): Time | undefined {
  const at = typeof value === "number" ? numberTime(value) : parseTimestamp(value);
  if (at === undefined) return undefined;
  // A longer fraction of the last millisecond would be rounded into the year 10000.
  const isKept = typeof value === "string" && at < latest && storable.test(value);
  return { at, text: isKept ? value : toRfc3339(at) };
}

const firstMilliseconds = 1e11;
const firstSeconds = 1e8;

/** Seconds below 10^11 and milliseconds from there on, both since 1973: smaller numbers are more likely something else. */
function numberTime(value: number): number | undefined {
  if (!(value >= firstSeconds && value <= latest)) return undefined;
  return Math.trunc(value < firstMilliseconds ? value * 1000 : value);
}

// The events of a batch share the time of their arrival.
let lastAt = 0;
let lastText = new Date(0).toISOString();

/** RFC 3339 with milliseconds, UTC. A time outside of the years 1 to 9999 becomes the first or the last of them. */
export function toRfc3339(milliseconds: number): string {
  if (milliseconds === lastAt) return lastText;
  lastText = new Date(Math.min(Math.max(milliseconds, earliest), latest)).toISOString();
  lastAt = milliseconds;
  return lastText;
}

/**
 * Milliseconds since the epoch, or `undefined` when the value is no date. A time without an offset is taken as UTC; a date
 * alone is its midnight, UTC. Digits below the millisecond are cut off. A date that is not in the calendar (30 February),
 * an hour over 23, an offset of a day or more, and a time outside of the years 1 to 9999 (in UTC) are no dates; a leap second (60) is the
 * second after.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const canonical = parseCanonical(value);
  return inRange(Number.isNaN(canonical) ? parseForms(value) : canonical);
}

/** Whether {@link parseTimestamp} reads it: for who needs no more, and has to carry the code. */
export function isTimestamp(value: unknown): boolean {
  return typeof value === "string" && isInRange(parseForms(value));
}

/** Whether it is in the years 1 to 9999, in UTC. */
export function isInRange(milliseconds: number | undefined): boolean {
  return milliseconds !== undefined && milliseconds >= earliest && milliseconds <= latest;
}

function inRange(milliseconds: number | undefined): number | undefined {
  return isInRange(milliseconds) ? milliseconds : undefined;
}

function parseForms(value: string): number | undefined {
  const parts = iso.exec(value);
  if (parts !== null) {
    const [, year, month, day, hour, minute, second, fraction, offset] = parts;
    return parseParts(year, Number(month), day, hour, minute, second, fraction, offset);
  }
  const words = mail.exec(value);
  if (words === null) return undefined;
  const [, day, month = "", year, hour, minute, second, offset] = words;
  return parseParts(year, months.indexOf(month.toLowerCase()) + 1, day, hour, minute, second, "", offset);
}

/** `undefined` or NaN for what is not in the calendar, on the clock or an offset. */
function parseParts(
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

/**
 * The form that JavaScript writes, `2026-11-23T09:30:00.000Z`, which nearly all events have, without a regular expression and without a
 * Date: a tenth of the time. NaN for every other form, and for dates near the end of a month, which need the calendar.
 */
function parseCanonical(text: string): number {
  if (text.length !== 24 || text[4] !== "-" || text[7] !== "-" || text[10] !== "T" || text[23] !== "Z")
    return Number.NaN;
  if (text[13] !== ":" || text[16] !== ":" || text[19] !== ".") return Number.NaN;
  // A place that is no digit makes NaN of its number, which fails every comparison.
  const year = digits(text, 0) * 100 + digits(text, 2);
  const month = digits(text, 5);
  const day = digits(text, 8);
  const hour = digits(text, 11);
  const minute = digits(text, 14);
  const second = digits(text, 17);
  const millisecond = digits(text, 20) * 10 + digit(text, 22);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 60)) {
    return Number.NaN;
  }
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
  return daysTo(year, month, day) * 86_400_000 + time;
}

function digits(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar; years count from March, so that the leap day is their last. */
function daysTo(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
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
