import { crc32 } from "./crc32.ts";
import { getU64, setU64 } from "./record.ts";
import { refuseNewer } from "./segment-header.ts";

/**
 * Progress of a consumer group: every event of every record below `low` is finished, and so are
 * those in `finished`, which lists (offset, index of the event in its record) at or above `low`.
 */
export interface Progress {
  readonly low: number;
  readonly finished: ReadonlyArray<readonly [offset: number, index: number]>;
}

export interface Slot {
  /** The number of the save. */
  readonly number: number;
  readonly progress: Progress;
}

const headerBytes = 48;
const magic = [0x89, 0x50, 0x50, 0x52, 0x47, 0x0d, 0x0a, 0x1a];
const version = 1;
/** A pair of (offset, index) takes at most 8 + 5 + 5 bytes. */
const mostBytesOfRange = 18;

/** The bytes of a slot: docs/log-format.md, "Progress". */
export function encodeSlot(slot: Slot): Uint8Array {
  const { low, finished } = slot.progress;
  const sorted = isSorted(finished) ? finished : finished.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const bytes = Buffer.allocUnsafe(headerBytes + sorted.length * mostBytesOfRange);
  bytes.fill(0, 0, headerBytes);
  let at = headerBytes;
  let before = low;
  let ranges = 0;
  for (let first = 0; first < sorted.length; ) {
    const [offset, index] = sorted[first]!;
    let end = first + 1;
    let count = 1;
    for (; end < sorted.length && sorted[end]![0] === offset && sorted[end]![1] <= index + count; end++) {
      if (sorted[end]![1] === index + count) count++;
    }
    at = writeVarint(bytes, at, offset - before);
    at = writeVarint(bytes, at, index);
    at = writeVarint(bytes, at, count);
    before = offset;
    first = end;
    ranges++;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  bytes.set(magic);
  view.setUint16(8, version, true);
  view.setUint16(10, headerBytes, true);
  setU64(view, 16, slot.number);
  setU64(view, 24, low);
  view.setUint32(32, at - headerBytes, true);
  view.setUint32(36, ranges, true);
  view.setUint32(40, crc32(bytes, headerBytes, at), true);
  view.setUint32(44, crc32(bytes, 0, 44), true);
  return bytes.subarray(0, at);
}

/**
 * The slot in the bytes of a file; undefined if there is none that is whole. Throws
 * `PINTLE_LOG_NEWER_FORMAT`.
 */
export function decodeSlot(bytes: Uint8Array, file: string): Slot | undefined {
  if (bytes.byteLength < headerBytes || magic.some((value, index) => bytes[index] !== value)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(44, true) !== crc32(bytes, 0, 44)) return undefined;
  refuseNewer(file, view.getUint16(8, true), view.getUint32(12, true));
  const end = headerBytes + view.getUint32(32, true);
  if (end > bytes.byteLength || view.getUint32(40, true) !== crc32(bytes, headerBytes, end)) return undefined;
  const low = getU64(view, 24);
  const finished: [number, number][] = [];
  const reader = new VarintReader(bytes, headerBytes);
  let offset = low;
  for (let ranges = view.getUint32(36, true); ranges > 0; ranges--) {
    offset += reader.next();
    const first = reader.next();
    const count = reader.next();
    for (let index = first; index < first + count; index++) finished.push([offset, index]);
  }
  return { number: getU64(view, 16), progress: { low, finished } };
}

function isSorted(pairs: Progress["finished"]): boolean {
  for (let index = 1; index < pairs.length; index++) {
    const [offset, item] = pairs[index]!;
    const [offsetBefore, itemBefore] = pairs[index - 1]!;
    if (offset < offsetBefore || (offset === offsetBefore && item < itemBefore)) return false;
  }
  return true;
}

function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}

class VarintReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}
