const quote = 0x22;
const hyphen = 0x2d;
const colon = 0x3a;

/**
 * Whether a value is a time in RFC 3339 that can be read, as nearly all are: a quick yes. The last
 * days of a month, which need the calendar, and the first and last century, out of which an offset
 * may lead, are left to others.
 */
export function isUsualTime(bytes: Buffer, from: number, end: number): boolean {
  if (end - from < 22 || bytes[from] !== quote) return false;
  if (bytes[from + 5] !== hyphen || bytes[from + 8] !== hyphen || bytes[from + 11] !== 0x54) return false;
  if (bytes[from + 17] !== colon || !isTimeOfDay(bytes, from + 12) || !isBetween(bytes, from + 18, 0, 59)) return false;
  if (!isBetween(bytes, from + 1, 1, 98) || !isBetween(bytes, from + 3, 0, 99)) return false;
  if (!isBetween(bytes, from + 6, 1, 12) || !isBetween(bytes, from + 9, 1, 28)) return false;
  let at = from + 20;
  if (bytes[at] === 0x2e) {
    do at++;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39);
    if (at === from + 21) return false;
  }
  if (bytes[at] === 0x5a) return at + 2 === end;
  return (bytes[at] === 0x2b || bytes[at] === hyphen) && isTimeOfDay(bytes, at + 1) && at + 7 === end;
}

/** Whether `HH:MM` stands there. */
function isTimeOfDay(bytes: Buffer, at: number): boolean {
  return isBetween(bytes, at, 0, 23) && bytes[at + 2] === colon && isBetween(bytes, at + 3, 0, 59);
}

/** Whether two digits stand there, a number from `least` to `most`. */
function isBetween(bytes: Buffer, at: number, least: number, most: number): boolean {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return false;
  const number = tens * 10 + ones;
  return number >= least && number <= most;
}
