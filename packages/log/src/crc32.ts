import { crc32 as native } from "node:zlib";

/**
 * Below this many bytes the loop in JavaScript is faster than the way into native code (measured:
 * equal at about 300).
 */
const nativeFrom = 256;

// tables[k * 256 + b]: the checksum's state after byte b and k zero bytes (slicing by 8).
const tables = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let state = byte;
  for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ 0xedb88320 : state >>> 1;
  tables[byte] = state;
}
for (let index = 256; index < tables.length; index++) {
  const before = tables[index - 256]!;
  tables[index] = (before >>> 8) ^ tables[before & 255]!;
}

/**
 * CRC-32 (IEEE 802.3, as in zlib) of `bytes[start..end)`, unsigned; `seed` is the checksum of what
 * comes before.
 */
export function crc32(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  return end - start < nativeFrom ? crc32Loop(bytes, start, end, seed) : native(bytes.subarray(start, end), seed);
}

/** The same in JavaScript only. */
export function crc32Loop(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let state = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    state =
      tables[1792 + (state & 255)]! ^
      tables[1536 + ((state >>> 8) & 255)]! ^
      tables[1280 + ((state >>> 16) & 255)]! ^
      tables[1024 + (state >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < end; at++) state = (state >>> 8) ^ tables[(state ^ bytes[at]!) & 255]!;
  return ~state >>> 0;
}
