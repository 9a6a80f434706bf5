import type { Damage } from "./damage.ts";
import { systemCode } from "./errors.ts";
import type { File, FileSystem } from "./file-system.ts";
import { mostRecords } from "./record.ts";
import { decodeSegmentHeader, nothingBefore, type SegmentHeader, segmentHeaderBytes } from "./segment-header.ts";
import { findRecord, lastByteBehind } from "./segment-scan.ts";

/** A segment as its header describes it. */
export interface Segment extends SegmentHeader {
  readonly name: string;
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  /**
   * Where the header is damaged, with records before the first whole one; what stands in its place
   * was taken from that one.
   */
  readonly damage: Damage | undefined;
}

/**
 * A file that has no header and no record: `used` is 0 if all of it is zeros (it was only being
 * made).
 */
export interface Blank {
  readonly name: string;
  readonly path: string;
  readonly sequence: number;
  readonly used: number;
}

export interface LogFolder {
  /** Oldest first. */
  readonly segments: Segment[];
  readonly blanks: Blank[];
}

export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(10, "0")}.seg`;
}

/** The sequence number in a segment's name; undefined for other names. */
function sequenceOf(name: string): number | undefined {
  return /^\d{10,16}\.seg$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

export function pathIn(directory: string, name: string): string {
  return `${directory}/${name}`;
}

/** The sequence numbers in a folder, ascending; empty where there is no folder. */
export async function listSequences(fs: FileSystem, directory: string): Promise<number[]> {
  let names: string[];
  try {
    names = await fs.list(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
  const sequences = names.map(sequenceOf).filter((sequence) => sequence !== undefined);
  return sequences.sort((a, b) => a - b);
}

/** Reads the headers of all segments in a folder. Files that are removed meanwhile are left out. */
export async function readFolder(fs: FileSystem, directory: string): Promise<LogFolder> {
  const loaded = await inParallel(8, await listSequences(fs, directory), (sequence) =>
    loadSegment(fs, directory, sequence, true),
  );
  const segments: Segment[] = [];
  const blanks: Blank[] = [];
  for (const item of loaded) {
    if (item === undefined) continue;
    if (!("base" in item)) blanks.push(item);
    // What is missing between two segments is known better than from the later one's header.
    else if (item.damage === undefined || segments.length === 0) segments.push(item);
    else segments.push({ ...item, damage: { ...item.damage, from: item.base } });
  }
  return { segments, blanks };
}

/**
 * One segment's header; `undefined` if the file is gone. `thorough` looks for records in all of a
 * file without a header; otherwise a file that begins with nothing but zeros is taken for one that
 * is being written ahead, without reading all of it.
 */
export async function loadSegment(
  fs: FileSystem,
  directory: string,
  sequence: number,
  thorough: boolean,
): Promise<Segment | Blank | undefined> {
  const name = segmentName(sequence);
  const path = pathIn(directory, name);
  let file: File;
  try {
    file = await fs.open(path, "read");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const size = await file.size();
    const bytes = new Uint8Array(segmentHeaderBytes);
    await file.read(bytes, 0, bytes.byteLength, 0);
    const header = decodeSegmentHeader(bytes, sequence, path);
    if (header !== undefined) return { ...header, name, path, size, damage: undefined };
    if (!thorough && (await beginsWithZeros(file))) return { name, path, sequence, used: 0 };
    return await salvage(file, name, path, sequence, size);
  } finally {
    await file.close();
  }
}

async function beginsWithZeros(file: File): Promise<boolean> {
  const bytes = new Uint8Array(64 * 1024);
  const count = await file.read(bytes, 0, bytes.byteLength, 0);
  return bytes.subarray(0, count).every((byte) => byte === 0);
}

/** A segment whose header is lost: epoch and base from its first whole record. */
async function salvage(
  file: File,
  name: string,
  path: string,
  sequence: number,
  size: number,
): Promise<Segment | Blank> {
  const used = await lastByteBehind(file, 0);
  if (used === 0) return { name, path, sequence, used };
  const found = await findRecord({ file, epoch: undefined }, segmentHeaderBytes, size, 0);
  if (found === undefined) return { name, path, sequence, used };
  const damage: Damage = {
    kind: "header",
    file: name,
    position: 0,
    bytes: found.position,
    from: Math.max(0, found.offset - mostRecords(found.position - segmentHeaderBytes)),
    to: found.offset,
    group: found.group,
  };
  const { epoch, offset: base, time: created } = found;
  return {
    epoch,
    sequence,
    base,
    created,
    capacity: size,
    previous: nothingBefore,
    isOneOfSeveral: false,
    name,
    path,
    size,
    damage,
  };
}

async function inParallel<T, R>(width: number, items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await run(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
