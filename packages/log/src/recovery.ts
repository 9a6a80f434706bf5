import type { Damage } from "./damage.ts";
import type { File, FileSystem } from "./file-system.ts";
import { mostRecords } from "./record.ts";
import type { RetainedSegment } from "./retention.ts";
import { type Blank, readFolder, type Segment } from "./segment.ts";
import { checkSegment } from "./segment-check.ts";
import { nothingBefore, type SealedEnd } from "./segment-header.ts";

export interface SealedSegment extends RetainedSegment {
  readonly path: string;
}

/** The segment that is appended to. `position` and `next` are its durable end. */
export interface ActiveSegment {
  readonly file: File;
  readonly path: string;
  readonly sequence: number;
  readonly epoch: number;
  readonly base: number;
  readonly capacity: number;
  readonly previous: SealedEnd;
  /** The file is longer than what is in it. */
  readonly ahead: boolean;
  /** Time of its first record; undefined: it has none. */
  since: number | undefined;
  position: number;
  next: number;
  time: number;
  /** The number of the next group. */
  group: number;
}

export interface Recovered {
  readonly sealed: SealedSegment[];
  /** Undefined: appending goes on in a fresh segment. */
  readonly active: ActiveSegment | undefined;
  /** Where the last segment before that fresh one ends. */
  readonly last: SealedEnd;
  readonly nextOffset: number;
  readonly lastSequence: number;
  readonly damage: Damage[];
}

/**
 * Finds the end of the log in a folder: docs/log-format.md, "Opening, and recovery". Removes files
 * of zeros, changes nothing else.
 */
export async function recover(fs: FileSystem, directory: string): Promise<Recovered> {
  const { segments, blanks } = await readFolder(fs, directory);
  for (const blank of blanks) if (blank.used === 0) await fs.remove(blank.path);
  const lost = blanks.filter((blank) => blank.used > 0);
  const lastSequence = Math.max(0, ...segments.map(sequenceIn), ...blanks.map(sequenceIn));
  const damage = segments.map((segment) => segment.damage).filter((item) => item !== undefined);
  const sealed = sealedSegments(segments);
  const last = segments.at(-1);
  if (last === undefined) {
    const nextOffset = reportRemains(lost, 0, 0, damage);
    return { sealed, active: undefined, last: nothingBefore, nextOffset, lastSequence, damage };
  }
  const file = await fs.open(last.path, "update durable");
  try {
    const end = await checkSegment(file, last, undefined);
    // After the death of a process, not of the machine, what was found may only be in memory, and
    // so may the names of files.
    await file.sync();
    await fs.syncDirectory(directory);
    // Before its last group everything was acknowledged: the next one is written only then.
    damage.push(...end.damage.map((item) => (item.group < end.group ? item : asRemains(item))));
    const nextOffset = reportRemains(lost, last.sequence, end.spent, damage);
    const clean = end.damage.length === 0 && last.damage === undefined && nextOffset === end.place.offset;
    if (clean) {
      const active: ActiveSegment = {
        file,
        path: last.path,
        sequence: last.sequence,
        epoch: last.epoch,
        base: last.base,
        capacity: last.capacity,
        previous: last.previous,
        ahead: last.size > end.place.position,
        since: end.since,
        position: end.place.position,
        next: nextOffset,
        time: end.time,
        group: end.group + 1,
      };
      return { sealed, active, last: last.previous, nextOffset, lastSequence, damage };
    }
    await file.close();
    const { position, offset: next } = end.place;
    // At least one offset is left out, which is how `inspect` knows that this segment was not left
    // in peace.
    const base = Math.max(nextOffset, next + 1);
    sealed.push({ path: last.path, base: last.base, next, bytes: last.size, time: end.time || last.created });
    const sealedEnd = { sequence: last.sequence, end: position, next, time: end.time };
    return { sealed, active: undefined, last: sealedEnd, nextOffset: base, lastSequence, damage };
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

function sequenceIn(file: { readonly sequence: number }): number {
  return file.sequence;
}

/** All but the last, as their successors' headers describe them. */
function sealedSegments(segments: readonly Segment[]): SealedSegment[] {
  return segments.slice(0, -1).map((segment, index) => {
    const { base, created, previous } = segments[index + 1]!;
    const told = previous.sequence === segment.sequence;
    const next = told ? previous.next : base;
    const time = (told && previous.time) || created;
    return { path: segment.path, base: segment.base, next, bytes: segment.size, time };
  });
}

function reportRemains(blanks: readonly Blank[], behind: number, from: number, damage: Damage[]): number {
  const found: Damage[] = [];
  const next = reportLost(blanks, behind, from, found);
  damage.push(...found.map(asRemains));
  return next;
}

function asRemains(item: Damage): Damage {
  return { ...item, remains: true };
}

/**
 * Files behind the last segment that hold bytes but nothing that can be read: the offsets of what
 * they may have held are spent.
 */
export function reportLost(blanks: readonly Blank[], behind: number, from: number, damage: Damage[]): number {
  let next = from;
  for (const { name, sequence, used } of blanks) {
    const to = sequence > behind ? next + mostRecords(used) : next;
    damage.push({ kind: "header", file: name, position: 0, bytes: used, from: next, to, group: 0 });
    next = to;
  }
  return next;
}
