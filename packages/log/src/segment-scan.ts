import { crc32 } from "./crc32.ts";
import type { Damage } from "./damage.ts";
import { LogError } from "./errors.ts";
import type { File } from "./file-system.ts";
import { aligned, type LogRecord, Prefix, prefixBytes, readPrefix } from "./record.ts";

/**
 * A segment's file as a source of records. `end` is where it was sealed; absent for the active
 * segment.
 */
export interface SegmentSource {
  readonly file: File;
  readonly name: string;
  readonly epoch: number;
  readonly end: number | undefined;
}

/** A place between two records. */
export interface SegmentPlace {
  readonly position: number;
  /** The lowest offset that the record at `position` may have. */
  readonly offset: number;
}

export interface ScannedRecords {
  readonly records: LogRecord[];
  readonly damage: Damage[];
  /** Where to read on. */
  readonly next: SegmentPlace;
  /**
   * Whether there is no further record in the file now; `next.position` is where the last one ends.
   */
  readonly ended: boolean;
  /**
   * The place behind the last whole record, its group and its time; undefined, -1 and 0 if there
   * was none.
   */
  readonly whole: SegmentPlace | undefined;
  readonly group: number;
  readonly time: number;
}

export interface ScanLimits {
  /** Records below are passed over, unchecked. */
  readonly from: number;
  /** Reading stops at this offset. */
  readonly end: number;
  /** How many bytes to read; one record that is larger is read whole. */
  readonly bytes: number;
  /**
   * The buffer to read into, instead of a new one; then the records are only good until it is used
   * again.
   */
  readonly buffer?: Uint8Array | undefined;
}

/**
 * Reads one stretch of records at `place`: one read of the file, and the records as views into its
 * buffer.
 */
export async function readBatch(
  source: SegmentSource,
  place: SegmentPlace,
  limits: ScanLimits,
): Promise<ScannedRecords> {
  const { epoch } = source;
  const records: LogRecord[] = [];
  const damage: Damage[] = [];
  const prefix = new Prefix();
  let expected = place.offset;
  let whole: SegmentPlace | undefined;
  let group = -1;
  let time = 0;
  let wanted = limits.bytes;
  let bytes = limits.buffer ?? Buffer.allocUnsafeSlow(wanted);
  let count = await readUpTo(source, bytes, wanted, place.position);
  let view = new DataView(bytes.buffer, bytes.byteOffset, count);
  let at = 0;
  const batch = (ended: boolean): ScannedRecords => ({
    records,
    damage,
    next: { position: place.position + at, offset: expected },
    ended,
    whole,
    group,
    time,
  });

  while (expected < limits.end) {
    const atFileEnd = count < wanted;
    if (at === count) return batch(atFileEnd);
    const valid = readPrefix(bytes, view, at, epoch, prefix) && prefix.offset >= expected;
    if (!valid && !atFileEnd && at > 0 && at + prefixBytes > count) return batch(false);
    if (valid && at + prefix.bytes > count && !atFileEnd && at > 0) return batch(false);
    if (valid && at + prefix.bytes > count && !atFileEnd && place.position + prefix.bytes <= (await limitOf(source))) {
      wanted = prefix.bytes;
      bytes = Buffer.allocUnsafeSlow(wanted);
      count = await readUpTo(source, bytes, wanted, place.position);
      view = new DataView(bytes.buffer, bytes.byteOffset, count);
      continue;
    }
    if (!valid || at + prefix.bytes > count) {
      const position = place.position + at;
      const found = await findRecord(source, position + 8, await limitOf(source), expected);
      if (found === undefined) return batch(true);
      const lost = { position, bytes: found.position - position, from: expected, to: found.offset, group: found.group };
      damage.push({ kind: "bytes", file: source.name, ...lost });
      at += lost.bytes;
      expected = found.offset;
      return batch(false);
    }
    if (prefix.flags !== 0) throw unknownFlags(source, place.position + at, prefix);
    if (prefix.offset >= limits.end) {
      expected = limits.end;
      return batch(false);
    }
    const headerAt = at + prefixBytes;
    const payloadAt = headerAt + prefix.headerLength;
    const bodyEnd = payloadAt + prefix.payloadLength;
    const intact = prefix.offset < limits.from || crc32(bytes, headerAt, bodyEnd) === prefix.bodyCrc;
    if (intact && prefix.offset >= limits.from) {
      records.push({
        offset: prefix.offset,
        time: prefix.time,
        header: bytes.subarray(headerAt, payloadAt),
        payload: bytes.subarray(payloadAt, bodyEnd),
      });
    } else if (!intact) {
      damage.push({
        kind: "record",
        file: source.name,
        position: place.position + at,
        bytes: prefix.bytes,
        from: prefix.offset,
        to: prefix.offset + 1,
        group: prefix.group,
      });
    }
    expected = prefix.offset + 1;
    at += prefix.bytes;
    if (intact) {
      group = prefix.group;
      time = prefix.time;
      whole = { position: place.position + at, offset: expected };
    }
  }
  return batch(false);
}

export interface FoundRecord extends SegmentPlace {
  readonly group: number;
  readonly epoch: number;
  readonly time: number;
}

const searchBytes = 64 * 1024;

/**
 * The first prefix at or behind `position` (a multiple of 8) and before `limit` whose offset is at
 * least `lowest`. Without an epoch any is accepted. This is both how damage is stepped over and how
 * a segment is searched.
 */
export async function findRecord(
  source: { readonly file: File; readonly epoch: number | undefined },
  position: number,
  limit: number,
  lowest: number,
): Promise<FoundRecord | undefined> {
  const bytes = Buffer.allocUnsafeSlow(searchBytes);
  const prefix = new Prefix();
  for (let start = position; start + prefixBytes <= limit; start += searchBytes - prefixBytes) {
    const count = await source.file.read(bytes, 0, Math.min(searchBytes, limit - start), start);
    const view = new DataView(bytes.buffer, bytes.byteOffset, count);
    for (let at = 0; at + prefixBytes <= count; at += 8) {
      // Nearly every position fails at the first word, so that one is looked at before anything is
      // called.
      const word = view.getUint32(at, true);
      if (source.epoch === undefined ? word === 0 : word !== source.epoch) continue;
      if (!readPrefix(bytes, view, at, source.epoch, prefix) || prefix.offset < lowest) continue;
      if (start + at + prefix.bytes > limit) continue;
      const { offset, group, time } = prefix;
      return { position: start + at, offset, group, epoch: word, time };
    }
    if (count < searchBytes) return undefined;
  }
  return undefined;
}

/**
 * The place of the last record at or below `offset` that a binary search between `low` and `high`
 * comes near to: walking on from it costs at most one read. `high` is a position behind the record;
 * see docs/log-format.md, "There is no index file".
 */
export async function seek(
  source: SegmentSource,
  low: SegmentPlace,
  high: number,
  offset: number,
): Promise<SegmentPlace> {
  let from = low;
  let to = high;
  while (to - from.position > 2 * searchBytes) {
    const middle = aligned((from.position + to) / 2);
    const found = await findRecord(source, middle, to, from.offset);
    if (found !== undefined && found.offset <= offset) from = { position: found.position, offset: found.offset };
    else to = middle;
  }
  return from;
}

/** The position behind the last byte from `position` on that is not zero; `position` if all are. */
export async function lastByteBehind(file: File, position: number): Promise<number> {
  const bytes = Buffer.allocUnsafeSlow(16 * searchBytes);
  const zeros = Buffer.alloc(bytes.byteLength);
  let last = position;
  for (let start = position; ; start += bytes.byteLength) {
    const count = await file.read(bytes, 0, bytes.byteLength, start);
    if (bytes.compare(zeros, 0, count, 0, count) !== 0) {
      let at = count;
      while (bytes[at - 1] === 0) at--;
      last = start + at;
    }
    if (count < bytes.byteLength) return last;
  }
}

async function readUpTo(source: SegmentSource, bytes: Uint8Array, wanted: number, position: number): Promise<number> {
  const left = source.end === undefined ? wanted : Math.min(wanted, Math.max(0, source.end - position));
  return left === 0 ? 0 : source.file.read(bytes, 0, left, position);
}

async function limitOf(source: SegmentSource): Promise<number> {
  const size = await source.file.size();
  return source.end === undefined ? size : Math.min(size, source.end);
}

function unknownFlags(source: SegmentSource, position: number, prefix: Prefix): LogError {
  const where = `the record ${prefix.offset} at byte ${position} of ${source.name}`;
  const flags = `0x${prefix.flags.toString(16)}`;
  return new LogError("PINTLE_LOG_NEWER_FORMAT", `${where} has the flags ${flags}, which this program does not know.`);
}
