import type { Damage } from "./damage.ts";
import type { File } from "./file-system.ts";
import { mostRecords } from "./record.ts";
import type { Segment } from "./segment.ts";
import { segmentHeaderBytes } from "./segment-header.ts";
import { lastByteBehind, readBatch, type SegmentPlace } from "./segment-scan.ts";

const readBytes = 1024 * 1024;

export interface SegmentCheck {
  readonly records: number;
  /** The place behind the last record. */
  readonly place: SegmentPlace;
  /** The lowest offset that no record in the segment can have had. */
  readonly spent: number;
  /** Times of the first and the last record; undefined and 0 if there is none. */
  readonly since: number | undefined;
  readonly time: number;
  /** Group of the last record; -1 if there is none. */
  readonly group: number;
  readonly damage: Damage[];
}

/**
 * Reads a segment whole and checks every record. `end` is where it was sealed; undefined: it ends
 * behind its last whole record.
 */
export async function checkSegment(file: File, segment: Segment, end: number | undefined): Promise<SegmentCheck> {
  const source = { file, name: segment.name, epoch: segment.epoch, end };
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const limits = { from: 0, end: Number.POSITIVE_INFINITY, bytes: readBytes, buffer };
  const found: Damage[] = [];
  let next: SegmentPlace = { position: segmentHeaderBytes, offset: segment.base };
  let place = next;
  let records = 0;
  let since: number | undefined;
  let time = 0;
  let group = -1;
  for (let ended = false; !ended; ) {
    const batch = await readBatch(source, next, limits);
    found.push(...batch.damage);
    ({ next, ended } = batch);
    records += batch.records.length;
    since ??= batch.records[0]?.time;
    if (batch.whole !== undefined) ({ whole: place, group, time } = batch as typeof batch & { whole: SegmentPlace });
  }
  const behind = end ?? (await lastByteBehind(file, place.position));
  const damage = found.filter(({ position }) => position < place.position);
  const bytes = behind - place.position;
  if (bytes <= 0) return { records, place, spent: place.offset, since, time, group, damage };
  // Whatever is recognised in what follows the last whole record, it is one stretch that has to be
  // accounted for.
  const spent = Math.max(next.offset, place.offset + mostRecords(bytes));
  const tail = { position: place.position, bytes, from: place.offset, to: spent, group: group + 1 };
  damage.push({ kind: "bytes", file: segment.name, ...tail });
  return { records, place, spent, since, time, group, damage };
}
