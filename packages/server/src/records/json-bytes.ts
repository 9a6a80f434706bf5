/*
 * The grammar of JSON (RFC 8259) on bytes. Each function goes from a position to the one behind
 * what stands there, or says that it is `failed`.
 */

/** Stands in place of a position: this is not read here. */
const failed = -1;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Finds the position after the value that begins at `from`. `levels`: how deep it may be nested.
 */
export function valueEnd(bytes: Buffer, from: number, levels: number): number {
  switch (bytes[from]) {
    case quote:
      return stringEnd(bytes, from + 1);
    case openBrace:
      return objectEnd(bytes, from + 1, levels);
    case openBracket:
      return arrayEnd(bytes, from + 1, levels);
    case 0x74: // true
      return bytes[from + 1] === 0x72 && bytes[from + 2] === 0x75 && bytes[from + 3] === 0x65 ? from + 4 : failed;
    case 0x66: // false
      return bytes[from + 1] === 0x61 &&
        bytes[from + 2] === 0x6c &&
        bytes[from + 3] === 0x73 &&
        bytes[from + 4] === 0x65
        ? from + 5
        : failed;
    case 0x6e: // null
      return bytes[from + 1] === 0x75 && bytes[from + 2] === 0x6c && bytes[from + 3] === 0x6c ? from + 4 : failed;
    default:
      return numberEnd(bytes, from);
  }
}

function objectEnd(bytes: Buffer, from: number, levels: number): number {
  if (levels === 0) return failed;
  let at = skipSpace(bytes, from);
  if (bytes[at] === closeBrace) return at + 1;
  for (;;) {
    if (bytes[at] !== quote) return failed;
    at = stringEnd(bytes, at + 1);
    if (at === failed) return failed;
    at = skipColon(bytes, at);
    if (at === failed) return failed;
    at = bytes[at] === quote ? stringEnd(bytes, at + 1) : valueEnd(bytes, at, levels - 1);
    if (at === failed) return failed;
    at = skipSpace(bytes, at);
    if (bytes[at] === closeBrace) return at + 1;
    if (bytes[at] !== comma) return failed;
    at = skipSpace(bytes, at + 1);
  }
}

function arrayEnd(bytes: Buffer, from: number, levels: number): number {
  if (levels === 0) return failed;
  let at = skipSpace(bytes, from);
  if (bytes[at] === closeBracket) return at + 1;
  for (;;) {
    at = valueEnd(bytes, at, levels - 1);
    if (at === failed) return failed;
    at = skipSpace(bytes, at);
    if (bytes[at] === closeBracket) return at + 1;
    if (bytes[at] !== comma) return failed;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * Finds the position after the closing quote, from the one after the opening quote. Bytes from 0x80
 * on are text, UTF-8 or not: see parseEvents.
 */
export function stringEnd(bytes: Buffer, from: number): number {
  const { length } = bytes;
  let at = from;
  // Most of a body is inside of strings. Four bytes for one look at the length are a tenth of the
  // whole scan's time.
  for (const last = length - 4; at < last; at += 4) {
    if (isSpecial(bytes[at]!)) break;
    if (isSpecial(bytes[at + 1]!)) {
      at += 1;
      break;
    }
    if (isSpecial(bytes[at + 2]!)) {
      at += 2;
      break;
    }
    if (isSpecial(bytes[at + 3]!)) {
      at += 3;
      break;
    }
  }
  while (at < length) {
    const byte = bytes[at++]!;
    if (!isSpecial(byte)) continue;
    if (byte === quote) return at;
    if (byte < 0x20) return failed;
    if (byte === backslash) {
      at = escapeEnd(bytes, at);
      if (at === failed) return failed;
    }
  }
  return failed;
}

/**
 * Whether a byte of a string has to be looked at: a control character, the quote, the backslash;
 * and the two beside the quote.
 */
function isSpecial(byte: number): boolean {
  return byte <= quote || byte === backslash;
}

/** Finds the position after an escape, from the one after its backslash. */
function escapeEnd(bytes: Buffer, from: number): number {
  switch (bytes[from]) {
    case 0x22: // "
    case 0x5c: // backslash
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return from + 1;
    case 0x75: // u
      for (let at = from + 1; at < from + 5; at++) if (!isHex(bytes[at])) return failed;
      return from + 5;
    default:
      return failed;
  }
}

/**
 * The place of the closing quote of the name whose opening one stands at `from`; fails for names
 * with an escape.
 */
export function plainNameEnd(bytes: Buffer, from: number): number {
  if (bytes[from] !== quote) return failed;
  const { length } = bytes;
  for (let at = from + 1; at < length; at++) {
    const byte = bytes[at]!;
    if (byte > backslash) continue;
    if (byte === quote) return at;
    if (byte < 0x20 || byte === backslash) return failed;
  }
  return failed;
}

function numberEnd(bytes: Buffer, from: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from;
  const first = at;
  at = digitsEnd(bytes, at);
  // A number has a digit, and 0 stands first only alone.
  if (at === first || (bytes[first] === 0x30 && at > first + 1)) return failed;
  if (bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = digitsEnd(bytes, fraction);
    if (at === fraction) return failed;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    let exponent = at + 1;
    if (bytes[exponent] === 0x2b || bytes[exponent] === 0x2d) exponent++;
    at = digitsEnd(bytes, exponent);
    if (at === exponent) return failed;
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number): number {
  const { length } = bytes;
  let at = from;
  while (at < length && isDigit(bytes[at]!)) at++;
  return at;
}

export function skipColon(bytes: Buffer, from: number): number {
  const at = skipSpace(bytes, from);
  return bytes[at] === colon ? skipSpace(bytes, at + 1) : failed;
}

export function skipSpace(bytes: Buffer, from: number): number {
  const { length } = bytes;
  let at = from;
  while (at < length) {
    const byte = bytes[at]!;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
    at++;
  }
  return at;
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
