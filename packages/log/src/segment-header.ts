import { crc32 } from "./crc32.ts";
import { LogError } from "./errors.ts";
import { getU64, setU64 } from "./record.ts";

/** The layout of a segment's header: docs/log-format.md, "Segment". */
export const segmentHeaderBytes = 128;
const magic = [0x89, 0x50, 0x4c, 0x4f, 0x47, 0x0d, 0x0a, 0x1a];
const formatVersion = 1;
/** Required feature bits of a segment. */
const oneOfSeveral = 1;

export interface SegmentHeader {
  readonly epoch: number;
  readonly sequence: number;
  readonly base: number;
  readonly created: number;
  readonly capacity: number;
  readonly previous: SealedEnd;
  /** Whether the log is one of several that hold what belongs together. */
  readonly isOneOfSeveral: boolean;
}

/** Where the segment before ends. `sequence` 0: there is none. `time` 0: it has no record. */
export interface SealedEnd {
  readonly sequence: number;
  readonly end: number;
  readonly next: number;
  readonly time: number;
}

export const nothingBefore: SealedEnd = { sequence: 0, end: 0, next: 0, time: 0 };

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint16(8, formatVersion, true);
  view.setUint16(10, segmentHeaderBytes, true);
  view.setUint32(12, header.isOneOfSeveral ? oneOfSeveral : 0, true);
  view.setUint32(20, header.epoch, true);
  setU64(view, 24, header.sequence);
  setU64(view, 32, header.base);
  setU64(view, 40, header.created);
  setU64(view, 48, header.capacity);
  setU64(view, 56, header.previous.sequence);
  setU64(view, 64, header.previous.end);
  setU64(view, 72, header.previous.next);
  setU64(view, 80, header.previous.time);
  view.setUint32(124, crc32(bytes, 0, 124), true);
  return bytes;
}

/**
 * The header in the first bytes of a segment file; `undefined` if it is not whole or not that of
 * the segment `sequence`. Throws `PINTLE_LOG_NEWER_FORMAT` (with `file` in its message) for a
 * version or a feature that this code does not know.
 */
export function decodeSegmentHeader(bytes: Uint8Array, sequence: number, file: string): SegmentHeader | undefined {
  if (bytes.byteLength < segmentHeaderBytes || magic.some((value, index) => bytes[index] !== value)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(124, true) !== crc32(bytes, 0, 124)) return undefined;
  const features = view.getUint32(12, true);
  refuseNewer(file, view.getUint16(8, true), features & ~oneOfSeveral);
  const header: SegmentHeader = {
    epoch: view.getUint32(20, true),
    sequence: getU64(view, 24),
    base: getU64(view, 32),
    created: getU64(view, 40),
    capacity: getU64(view, 48),
    previous: {
      sequence: getU64(view, 56),
      end: getU64(view, 64),
      next: getU64(view, 72),
      time: getU64(view, 80),
    },
    isOneOfSeveral: (features & oneOfSeveral) !== 0,
  };
  return header.sequence === sequence ? header : undefined;
}

/**
 * The rule for upgrades, for every kind of file: newer is refused, older is read.
 *
 * @param features the required feature bits that are not known
 */
export function refuseNewer(file: string, version: number, features: number): void {
  const unknown = features >>> 0;
  if (version <= formatVersion && unknown === 0) return;
  const what =
    version > formatVersion
      ? `has format version ${version}; this program reads up to ${formatVersion}`
      : `needs the features 0x${unknown.toString(16)}, which this program does not know`;
  throw new LogError("PINTLE_LOG_NEWER_FORMAT", `${file} ${what}. Use a newer version of it, or another folder.`);
}
