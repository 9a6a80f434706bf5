import { parseJson } from "@pintle/events";
import { daysTo } from "@pintle/events/gateway";

const quote = 0x22;
const backslash = 0x5c;

/** The value that stands from `from` to `end`, which was found to be well-formed. */
export function valueAt(bytes: Buffer, from: number, end: number): unknown {
  if (isPlainText(bytes, from, end)) return bytes.toString("latin1", from + 1, end - 1);
  return parseJson(bytes.toString("utf8", from, end));
}

/** Whether a value is a text in ASCII that stands for itself, byte for byte. */
function isPlainText(bytes: Buffer, from: number, end: number): boolean {
  if (bytes[from] !== quote) return false;
  for (let at = from + 1; at < end; at++) if (bytes[at]! >= 0x80 || bytes[at] === backslash) return false;
  return true;
}

/**
 * Milliseconds since the epoch of a time in the form that JavaScript writes,
 * `"2026-11-23T09:30:00.000Z"`, which nearly all events have. NaN for every other form, and for
 * what needs the calendar.
 */
export function canonicalTime(bytes: Buffer, from: number, end: number): number {
  if (end - from !== 26 || bytes[from] !== quote) return Number.NaN;
  if (bytes[from + 5] !== 0x2d || bytes[from + 8] !== 0x2d || bytes[from + 11] !== 0x54) return Number.NaN;
  if (bytes[from + 14] !== 0x3a || bytes[from + 17] !== 0x3a || bytes[from + 20] !== 0x2e) return Number.NaN;
  if (bytes[from + 24] !== 0x5a) return Number.NaN;
  // A place that is no digit makes a number that no comparison lets through.
  const year = two(bytes, from + 1) * 100 + two(bytes, from + 3);
  const month = two(bytes, from + 6);
  const day = two(bytes, from + 9);
  const hour = two(bytes, from + 12);
  const minute = two(bytes, from + 15);
  const second = two(bytes, from + 18);
  const millisecond = two(bytes, from + 21) * 10 + digit(bytes, from + 23);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 59 && millisecond <= 999)) return Number.NaN;
  return daysTo(year, month, day) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
}

function two(bytes: Buffer, at: number): number {
  return digit(bytes, at) * 10 + digit(bytes, at + 1);
}

function digit(bytes: Buffer, at: number): number {
  const value = bytes[at]! - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
