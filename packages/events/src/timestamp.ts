import { daysTo } from "./days-to.ts";
import { earliest, isInRange, latest, parseIso } from "./iso-date.ts";
import { parseMailDate } from "./mail-date.ts";

/**
 * Timestamps as the SDKs of this field send them: ISO 8601 (of which RFC 3339 is the strict form),
 * and the dates of mail and HTTP (RFC 2822, RFC 9110). `Date.parse` alone would not do: it takes
 * `"event 7"` for a date in 2001.
 */
const storable = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;

/** A time as it is passed on. */
export interface Time {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /**
   * RFC 3339: as it was written, where every consumer can store that; else anew, in UTC, with
   * milliseconds.
   */
  readonly text: string;
}

/**
 * The one rule for times that clients send: of a text what {@link parseTimestamp} reads, of a
 * number what `numberTime` reads. `undefined`: it cannot be read.
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

/**
 * Seconds below 10^11 and milliseconds from there on, both since 1973: smaller numbers are more
 * likely something else.
 */
function numberTime(value: number): number | undefined {
  if (!(value >= firstSeconds && value <= latest)) return undefined;
  return Math.trunc(value < firstMilliseconds ? value * 1000 : value);
}

// The events of a batch share the time of their arrival, and nearly all events their day.
let lastAt = 0;
let lastText = new Date(0).toISOString();
let lastDay = 0;
let dayText = "1970-01-01T";

/**
 * RFC 3339 with milliseconds, UTC. A time outside of the years 1 to 9999 becomes the first or the
 * last of them.
 */
export function toRfc3339(milliseconds: number): string {
  if (milliseconds === lastAt) return lastText;
  const inDay = milliseconds - lastDay;
  if (inDay >= 0 && inDay < 86_400_000 && Number.isInteger(inDay)) {
    lastText = dayText + timeOfDay(inDay);
  } else {
    lastText = new Date(Math.min(Math.max(milliseconds, earliest), latest)).toISOString();
    if (isInRange(milliseconds)) {
      lastDay = Math.floor(milliseconds / 86_400_000) * 86_400_000;
      dayText = lastText.slice(0, 11);
    }
  }
  lastAt = milliseconds;
  return lastText;
}

/** `09:30:00.000Z`, of the milliseconds of a day. */
function timeOfDay(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const fraction = String((milliseconds % 1000) + 1000).slice(1);
  return `${twoDigits[hours]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}.${fraction}Z`;
}

const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));

/**
 * Milliseconds since the epoch, or `undefined` when the value is no date. A time without an offset
 * is taken as UTC; a date alone is its midnight, UTC. Digits below the millisecond are cut off. A
 * date that is not in the calendar (30 February), an hour over 23, an offset of a day or more, and
 * a time outside of the years 1 to 9999 (in UTC) are no dates; a leap second (60) is the second
 * after.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const canonical = parseCanonical(value);
  return inRange(Number.isNaN(canonical) ? (parseIso(value) ?? parseMailDate(value)) : canonical);
}

function inRange(milliseconds: number | undefined): number | undefined {
  return isInRange(milliseconds) ? milliseconds : undefined;
}

/**
 * The form that JavaScript writes, `2026-11-23T09:30:00.000Z`, which nearly all events have,
 * without a regular expression and without a Date: a tenth of the time. NaN for every other form,
 * and for dates near the end of a month, which need the calendar.
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
