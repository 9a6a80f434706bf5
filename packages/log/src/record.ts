import { crc32 } from "./crc32.ts";

/** The layout of a record: docs/log-format.md, "Record". */
export const prefixBytes = 40;
const alignment = 8;
/** Header and payload together; the format's bound, options lower it. */
export const largestBody: number = 2 ** 30;

export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since 1970, when the record's group was begun. */
  readonly time: number;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Bytes that a record takes in a segment, with its padding. */
export function recordBytes(headerLength: number, payloadLength: number): number {
  return aligned(prefixBytes + headerLength + payloadLength);
}

export function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * The fields of a record's prefix. One object is used again for all the records of a read, so it is
 * not a value to keep.
 */
export class Prefix {
  headerLength = 0;
  payloadLength = 0;
  bodyCrc = 0;
  offset = 0;
  time = 0;
  flags = 0;
  group = 0;

  /** Bytes of the whole record. */
  get bytes(): number {
    return recordBytes(this.headerLength, this.payloadLength);
  }
}

export function writePrefix(bytes: Uint8Array, view: DataView, at: number, epoch: number, prefix: Prefix): void {
  view.setUint32(at, epoch, true);
  view.setUint32(at + 4, prefix.headerLength, true);
  view.setUint32(at + 8, prefix.payloadLength, true);
  view.setUint32(at + 12, prefix.bodyCrc, true);
  setU64(view, at + 16, prefix.offset);
  view.setUint32(at + 24, prefix.time >>> 0, true);
  view.setUint16(at + 28, Math.floor(prefix.time / 2 ** 32), true);
  view.setUint16(at + 30, prefix.flags, true);
  view.setUint32(at + 32, prefix.group, true);
  view.setUint32(at + 36, crc32(bytes, at, at + 36), true);
}

/**
 * Reads the prefix at `at` into `prefix`; false if there is none before the end of `view`. `epoch`
 * undefined accepts any but 0: for a segment whose header is lost.
 */
export function readPrefix(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  epoch: number | undefined,
  prefix: Prefix,
): boolean {
  if (at + prefixBytes > view.byteLength) return false;
  const found = view.getUint32(at, true);
  if (epoch === undefined ? found === 0 : found !== epoch) return false;
  if (view.getUint32(at + 36, true) !== crc32(bytes, at, at + 36)) return false;
  prefix.headerLength = view.getUint32(at + 4, true);
  prefix.payloadLength = view.getUint32(at + 8, true);
  prefix.bodyCrc = view.getUint32(at + 12, true);
  prefix.offset = getU64(view, at + 16);
  prefix.time = view.getUint32(at + 24, true) + view.getUint16(at + 28, true) * 2 ** 32;
  prefix.flags = view.getUint16(at + 30, true);
  prefix.group = view.getUint32(at + 32, true);
  return prefix.headerLength + prefix.payloadLength <= largestBody && Number.isSafeInteger(prefix.offset);
}

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

export function getU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** How many records may have been in so many bytes that cannot be read. */
export function mostRecords(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / prefixBytes);
}
