import type { Damage } from "./damage.ts";
import { LogError, systemCode } from "./errors.ts";
import type { File, FileSystem } from "./file-system.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import type { LogRecord } from "./record.ts";
import { listSequences, loadSegment, type Segment, segmentName } from "./segment.ts";
import { segmentHeaderBytes } from "./segment-header.ts";
import { readBatch, type ScannedRecords, type SegmentPlace, type SegmentSource, seek } from "./segment-scan.ts";

export interface LogReaderOptions {
  /** Default: the real one. */
  readonly fs?: FileSystem;
}

export interface ReadLimits {
  /** The durable end, as the writer told it (`Log.end`). Nothing at or above it is returned. */
  readonly end: number;
  /**
   * About how many bytes to return at most; one record that is larger is returned whole. Default 1
   * MiB.
   */
  readonly maxBytes?: number;
  /**
   * Gives so many bytes at least to read into, in place of a new buffer; then the records are only
   * good until they are used for something else.
   */
  readonly room?: ((bytes: number) => Uint8Array) | undefined;
}

export interface ReadResult {
  /**
   * The records, in order of their offsets. Header and payload are views into one buffer, which
   * lives as long as any of them; or that of `room`.
   */
  readonly records: LogRecord[];
  /** Where to read on. */
  readonly next: number;
  /**
   * What could not be read between `from` and `next`. It is told once for each time that it is read
   * over.
   */
  readonly damage: Damage[];
}

/** How many files are kept open, and how many places are remembered, by a reader. */
const openFiles = 4;
const places = 64;
const smallestRead = 64 * 1024;

interface OpenFile {
  readonly file: Promise<File>;
  users: number;
}

/**
 * Reads a log while it is being written, from the same process, another thread or another process.
 * One reader serves any number of consumers, each at its own offset, also at once.
 */
export class LogReader {
  readonly directory: string;
  readonly #fs: FileSystem;
  #segments: Segment[] = [];
  /** A file that holds something, and nothing that can be read. */
  #lost: string | undefined;
  readonly #files = new Map<number, OpenFile>();
  /** Where reads ended: the places where consumers are likely to go on. Key: offset. */
  readonly #places = new Map<number, SegmentPlace & { readonly sequence: number }>();
  #refreshing: Promise<void> | undefined;
  #readBytes = smallestRead;
  #closed = false;

  /**
   * Rejects with `PINTLE_LOG_NEWER_FORMAT` or an error of the file system. A folder that is not
   * there yet is an empty log.
   */
  static async open(directory: string, options: LogReaderOptions = {}): Promise<LogReader> {
    const reader = new LogReader(directory, options);
    await reader.refresh();
    return reader;
  }

  private constructor(directory: string, options: LogReaderOptions) {
    this.directory = directory;
    this.#fs = options.fs ?? nodeFileSystem;
  }

  /**
   * The lowest offset that was still there when the folder was last looked at; 0 in an empty log.
   */
  get start(): number {
    return this.#segments[0]?.base ?? 0;
  }

  /**
   * Records with `from <= offset < end`, at least one if there is one. Where `from` is below
   * `start`, reading begins at `start`. Rejects with an error of the file system,
   * `PINTLE_LOG_NEWER_FORMAT` or `PINTLE_LOG_CLOSED`.
   */
  async read(from: number, limits: ReadLimits): Promise<ReadResult> {
    if (this.#closed) throw new LogError("PINTLE_LOG_CLOSED", `The reader of the log in ${this.directory} is closed.`);
    const maxBytes = limits.maxBytes ?? 1024 * 1024;
    const damage: Damage[] = [];
    let offset = from;
    let place: SegmentPlace | undefined;
    let segment = await this.#segmentAt(offset);
    if (segment?.damage !== undefined && segment === this.#segments[0] && offset < segment.base) {
      damage.push({ ...segment.damage, from: Math.max(offset, segment.damage.from) });
    }
    while (offset < limits.end && segment !== undefined) {
      const successor = this.#successorOf(segment);
      let batch: ScannedRecords;
      try {
        place ??= await this.#placeOf(segment, successor, offset);
        batch = await this.#readBatch(segment, successor, place, {
          from,
          end: limits.end,
          maxBytes,
          room: limits.room,
        });
      } catch (error) {
        if (systemCode(error) !== "ENOENT") throw error;
        // Retention has removed it.
        await this.refresh();
        segment = await this.#segmentAt(offset);
        place = undefined;
        continue;
      }
      damage.push(...batch.damage.filter((item) => item.to > from));
      place = batch.next;
      offset = Math.max(offset, Math.min(place.offset, limits.end));
      if (batch.records.length > 0) {
        this.#remember(segment, place);
        return { records: batch.records, next: offset, damage };
      }
      if (!batch.ended) continue;
      if (successor === undefined) {
        // The segment ends below what is durable: either it has a successor by now, or what is
        // durable is not there.
        await this.refresh();
        if (this.#successorOf(segment) !== undefined) continue;
        if (offset < limits.end) damage.push(missing(segment, undefined, place, offset, limits.end));
        offset = Math.max(offset, limits.end);
        break;
      }
      const next = Math.min(durableEnd(successor, offset), limits.end);
      // Where the successor is the oldest there is, retention has removed what was before it.
      if (offset < next && successor !== this.#segments[0]) {
        damage.push(missing(segment, endOf(segment, successor), place, offset, next));
      }
      offset = Math.max(offset, Math.min(successor.base, limits.end));
      segment = successor;
      place = { position: segmentHeaderBytes, offset: successor.base };
    }
    if (segment === undefined && offset < limits.end) {
      // What is durable is in no file that can be read.
      damage.push({ ...nowhere, file: this.#lost ?? segmentName(1), from: offset, to: limits.end });
      offset = limits.end;
    }
    return { records: [], next: offset, damage };
  }

  /**
   * Looks at the folder again. Reads do it by themselves when they come to the end of what they
   * know.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#closeFiles(0);
  }

  async #refresh(): Promise<void> {
    const known = new Map(this.#segments.map((segment) => [segment.sequence, segment]));
    const segments: Segment[] = [];
    for (const sequence of await listSequences(this.#fs, this.directory)) {
      const segment = known.get(sequence) ?? (await loadSegment(this.#fs, this.directory, sequence, false));
      // A file without a header is one that is being made, or one that holds nothing that can be
      // read.
      if (segment === undefined) continue;
      if ("base" in segment) segments.push(segment);
      else if (segment.used > 0) this.#lost = segment.name;
    }
    this.#segments = segments;
  }

  /** The segment that holds `offset`, or the oldest one if `offset` is below it. */
  async #segmentAt(offset: number): Promise<Segment | undefined> {
    if (this.#segments.length === 0) await this.refresh();
    let low = 0;
    let high = this.#segments.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.base <= offset) low = middle;
      else high = middle;
    }
    return this.#segments[low];
  }

  #successorOf(segment: Segment): Segment | undefined {
    return this.#segments.find((other) => other.sequence > segment.sequence);
  }

  async #placeOf(segment: Segment, successor: Segment | undefined, offset: number): Promise<SegmentPlace> {
    const known = this.#places.get(offset);
    if (known?.sequence === segment.sequence) return known;
    let best: SegmentPlace = { position: segmentHeaderBytes, offset: segment.base };
    for (const place of this.#places.values()) {
      if (place.sequence === segment.sequence && place.offset <= offset && place.offset > best.offset) best = place;
    }
    const end = endOf(segment, successor);
    if (end === undefined || offset <= best.offset) return best;
    return this.#withFile(segment, (file) => seek(sourceOf(segment, end, file), best, end, offset));
  }

  async #readBatch(
    segment: Segment,
    successor: Segment | undefined,
    place: SegmentPlace,
    { from, end, maxBytes, room }: { from: number; end: number; maxBytes: number; room: ReadLimits["room"] },
  ): Promise<ScannedRecords> {
    // A consumer that keeps up gets small reads, one that is behind gets large ones.
    // Whole bytes: a read that seems short is taken for the end of the file.
    const bytes = Math.floor(Math.max(4096, Math.min(maxBytes, this.#readBytes)));
    const batch = await this.#withFile(segment, (file) =>
      readBatch(sourceOf(segment, endOf(segment, successor), file), place, { from, end, bytes, buffer: room?.(bytes) }),
    );
    const used = batch.next.position - place.position;
    if (used > bytes / 2) this.#readBytes = Math.min(maxBytes, 2 * bytes);
    else if (used < bytes / 8) this.#readBytes = Math.max(smallestRead, Math.floor(bytes / 2));
    return batch;
  }

  #remember(segment: Segment, place: SegmentPlace): void {
    this.#places.delete(place.offset);
    this.#places.set(place.offset, { ...place, sequence: segment.sequence });
    if (this.#places.size > places) this.#places.delete(this.#places.keys().next().value!);
  }

  async #withFile<T>(segment: Segment, use: (file: File) => Promise<T>): Promise<T> {
    let open = this.#files.get(segment.sequence);
    this.#files.delete(segment.sequence);
    if (open === undefined) {
      const file = this.#fs.open(segment.path, "read");
      file.catch(() => this.#files.delete(segment.sequence));
      open = { file, users: 0 };
    }
    // The map keeps the order of use: the first is the one that has not been used for longest.
    this.#files.set(segment.sequence, open);
    open.users++;
    try {
      return await use(await open.file);
    } finally {
      open.users--;
      await this.#closeFiles(this.#closed ? 0 : openFiles);
    }
  }

  async #closeFiles(keep: number): Promise<void> {
    for (const [sequence, open] of this.#files) {
      if (this.#files.size <= keep) return;
      if (open.users > 0) continue;
      this.#files.delete(sequence);
      const file = await open.file;
      await file.close();
    }
  }
}

const nowhere = { kind: "missing", position: 0, bytes: 0, group: -1 } as const;

function sourceOf(segment: Segment, end: number | undefined, file: File): SegmentSource {
  return { file, name: segment.name, epoch: segment.epoch, end };
}

/**
 * Where a segment was sealed; undefined for the active one, and where the successor's header does
 * not tell.
 */
function endOf(segment: Segment, successor: Segment | undefined): number | undefined {
  return successor?.previous.sequence === segment.sequence ? successor.previous.end : undefined;
}

/** The offset behind the last durable record before a segment, as far as its header still tells. */
function durableEnd(segment: Segment, otherwise: number): number {
  if (segment.damage !== undefined) return segment.base;
  return segment.previous.sequence === 0 ? otherwise : segment.previous.next;
}

function missing(segment: Segment, end: number | undefined, place: SegmentPlace, from: number, to: number): Damage {
  const bytes = Math.max(0, (end ?? 0) - place.position);
  return {
    kind: bytes > 0 ? "bytes" : "missing",
    file: segment.name,
    position: place.position,
    bytes,
    from,
    to,
    group: -1,
  };
}
