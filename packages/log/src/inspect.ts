import type { Damage } from "./damage.ts";
import { systemCode } from "./errors.ts";
import type { FileSystem } from "./file-system.ts";
import { LogReader } from "./log-reader.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { readProgress } from "./progress-file.ts";
import { reportLost } from "./recovery.ts";
import { pathIn, readFolder, type Segment } from "./segment.ts";
import { checkSegment, type SegmentCheck } from "./segment-check.ts";

/**
 * A log as it lies on disk. Times are milliseconds since 1970; undefined where there is no record,
 * or none was looked at.
 */
export interface Inspection {
  readonly directory: string;
  /** Offsets `start <= offset < end` are there, but for gaps and damage. */
  readonly start: number;
  readonly end: number;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Oldest first; the last one is appended to. */
  readonly segments: readonly SegmentSummary[];
  /** What the headers and the active segment (`inspectLog`), or all records (`verifyLog`), show. */
  readonly damage: readonly DamageFound[];
  /** Files that are being written ahead. */
  readonly ahead: readonly string[];
  readonly consumers: readonly ConsumerSummary[];
}

export interface SegmentSummary {
  readonly file: string;
  readonly base: number;
  /** The offset behind its last record. */
  readonly next: number;
  /** Counted by `verifyLog`, and in the active segment. */
  readonly records: number | undefined;
  readonly created: number;
  readonly firstTime: number | undefined;
  readonly lastTime: number | undefined;
  /** Bytes of the file. */
  readonly bytes: number;
  readonly active: boolean;
}

export interface DamageFound extends Damage {
  /**
   * Whether acknowledged records are affected for certain. If not, these can as well be the remains
   * of a write that was never acknowledged, or that is under way.
   */
  readonly acknowledged: boolean;
}

export interface ConsumerSummary {
  readonly group: string;
  readonly low: number;
  /** Events at or above `low` that are finished. */
  readonly finishedAbove: number;
  /** How many offsets there are from `low` to the end. */
  readonly behind: number;
  /** Time of the oldest record that it still has to read. */
  readonly since: number | undefined;
}

export interface InspectOptions {
  /** Default: the real one. */
  readonly fs?: FileSystem;
  /** Where the progress files are. Default: `<directory>/progress`. */
  readonly progressDirectory?: string;
}

/**
 * Describes a log from the headers of its segments and the active segment; needs no lock, the log
 * may be written meanwhile.
 */
export function inspectLog(directory: string, options: InspectOptions = {}): Promise<Inspection> {
  return examine(directory, options, false);
}

/** The same, having read and checked every record. */
export function verifyLog(directory: string, options: InspectOptions = {}): Promise<Inspection> {
  return examine(directory, options, true);
}

async function examine(directory: string, options: InspectOptions, whole: boolean): Promise<Inspection> {
  const fs = options.fs ?? nodeFileSystem;
  const { segments, blanks } = await readFolder(fs, directory);
  const summaries: SegmentSummary[] = [];
  const damage: DamageFound[] = [];
  for (const [index, segment] of segments.entries()) {
    const successor = segments[index + 1];
    const told = successor?.previous.sequence === segment.sequence ? successor.previous : undefined;
    if (segment.damage !== undefined) damage.push({ ...segment.damage, acknowledged: true });
    const read = whole || successor === undefined;
    const check = read ? await checkFile(fs, segment, told?.end) : undefined;
    // A gap before the successor says that this segment was left after a failure or a crash;
    // otherwise all of it was acknowledged.
    const left = told !== undefined && successor?.base === told.next;
    for (const item of check?.damage ?? []) {
      const tail = item.position >= check!.place.position;
      const certain = left || item.group < check!.group || (tail && told !== undefined);
      damage.push({ ...item, to: Math.min(item.to, told?.next ?? item.to), acknowledged: certain });
    }
    const next = check?.place.offset ?? told?.next ?? successor?.base ?? segment.base;
    const expected = successor?.damage !== undefined ? successor.base : successor?.previous.next;
    if (check !== undefined && expected !== undefined && next < expected && !coveredTo(check, expected)) {
      const lost = { position: check.place.position, bytes: 0, from: next, to: expected, group: -1 };
      damage.push({ kind: "missing", file: segment.name, ...lost, acknowledged: true });
    }
    summaries.push({
      file: segment.name,
      base: segment.base,
      next: told?.next ?? next,
      records: check?.records,
      created: segment.created,
      firstTime: check?.since,
      lastTime: check?.time || told?.time || undefined,
      bytes: segment.size,
      active: successor === undefined,
    });
  }
  const end = summaries.at(-1)?.next ?? 0;
  const lost: Damage[] = [];
  reportLost(
    blanks.filter(({ used }) => used > 0),
    segments.at(-1)?.sequence ?? 0,
    end,
    lost,
  );
  damage.push(...lost.map((item) => ({ ...item, acknowledged: false })));
  return {
    directory,
    start: summaries[0]?.base ?? 0,
    end,
    bytes: summaries.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: summaries,
    damage,
    ahead: blanks.filter(({ used }) => used === 0).map(({ name }) => name),
    consumers: await consumersOf(fs, directory, options.progressDirectory ?? pathIn(directory, "progress"), end),
  };
}

/**
 * Whether what was found damaged at the end of the segment accounts for the records up to `offset`.
 */
function coveredTo(check: SegmentCheck, offset: number): boolean {
  return check.damage.some(({ from, to }) => from <= check.place.offset && to >= offset);
}

async function checkFile(fs: FileSystem, segment: Segment, end: number | undefined): Promise<SegmentCheck> {
  const file = await fs.open(segment.path, "read");
  try {
    return await checkSegment(file, segment, end);
  } finally {
    await file.close();
  }
}

async function consumersOf(fs: FileSystem, directory: string, folder: string, end: number): Promise<ConsumerSummary[]> {
  const names = await fs.list(folder).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
  const groups = [...new Set(names.filter((name) => /\.[ab]$/.test(name)).map((name) => name.slice(0, -2)))].sort();
  const reader = await LogReader.open(directory, { fs });
  const consumers: ConsumerSummary[] = [];
  for (const group of groups) {
    const progress = await readProgress(pathIn(folder, group), fs);
    if (progress === undefined) continue;
    const { low, finished } = progress;
    const first = await reader.read(low, { end, maxBytes: 4096 });
    const behind = Math.max(0, end - Math.max(low, reader.start));
    consumers.push({ group, low, finishedAbove: finished.length, behind, since: first.records[0]?.time });
  }
  await reader.close();
  return consumers;
}
