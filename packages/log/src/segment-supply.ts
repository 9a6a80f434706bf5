import type { File } from "./file-system.ts";
import { NextSegment } from "./next-segment.ts";
import type { LogSettings } from "./options.ts";
import type { ActiveSegment } from "./recovery.ts";
import { pathIn, segmentName } from "./segment.ts";

/**
 * Where groups are larger than this on the average, the next segment is not written ahead: it saves
 * a fixed time for each sync, and costs writing every byte twice. Measured: groups of 6 KB 1.4
 * times as many a second, of 19 KB 1.2 times, of 64 KB 0.76 times.
 */
const aheadGroupBytes = 32 * 1024;
/** The next segment is written ahead from when this share of the active one is used. */
const aheadFrom = 0.5;
/** ... and is complete at this share, a little before it is needed. */
const aheadDone = 0.9;

/** The place of a segment that begins. */
export interface NewSegment {
  readonly sequence: number;
  readonly capacity: number;
  readonly path: string;
  /** Gives its file. Whoever asks lets it go, where it is not used. */
  open(): Promise<{ readonly file: File; readonly isWrittenAhead: boolean }>;
}

/** The files of segments: new ones, written ahead where that pays, and those that are left. */
export class SegmentSupply {
  readonly #directory: string;
  readonly #settings: LogSettings;
  #lastSequence: number;
  #ahead: NextSegment | undefined;
  /** Files that are being let go. */
  readonly #leaving = new Set<Promise<unknown>>();

  constructor(directory: string, settings: LogSettings, lastSequence: number) {
    this.#directory = directory;
    this.#settings = settings;
    this.#lastSequence = lastSequence;
  }

  /**
   * The next segment.
   *
   * @param used bytes that the segment before it held
   */
  next(used: number): NewSegment {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const capacity = ahead?.capacity ?? this.#capacityAfter(used);
    const sequence = ahead?.sequence ?? ++this.#lastSequence;
    const path = pathIn(this.#directory, segmentName(sequence));
    const open: NewSegment["open"] = async () => {
      const file = await ahead?.take();
      if (file !== undefined) return { file, isWrittenAhead: true };
      return { file: await this.#settings.fs.open(path, "create durable"), isWrittenAhead: false };
    };
    return { sequence, capacity, path, open };
  }

  /** Writes the segment after this one ahead, as far as is worth it now. */
  writeAhead(active: ActiveSegment): void {
    const share = active.position / active.capacity;
    if (share < aheadFrom || active.position > active.group * aheadGroupBytes) return;
    if (this.#ahead === undefined) {
      const { fs } = this.#settings;
      this.#ahead = new NextSegment(fs, this.#directory, ++this.#lastSequence, this.#capacityAfter(active.capacity));
    }
    this.#ahead.keepPace((share - aheadFrom) / (aheadDone - aheadFrom));
  }

  /** Leaves a segment that holds records, in the background. */
  seal(left: ActiveSegment): void {
    this.#inBackground(this.#seal(left));
  }

  /** Leaves a segment that holds nothing, in the background. */
  leave({ file, path }: ActiveSegment): void {
    this.#inBackground(this.letGo(file, path));
  }

  /** Closes and removes a file that holds nothing; where that fails, recovery removes it. */
  async letGo(file: File, path: string): Promise<void> {
    await file.close().catch(() => {});
    await this.#settings.fs.remove(path).catch(() => {});
  }

  /** Resolves when the segments that were left are closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving);
  }

  /** Removes what was written ahead. */
  async discard(): Promise<void> {
    await this.#ahead?.discard();
  }

  /**
   * Gives back what was written ahead and not used. The content is durable, so that errors cost
   * nothing.
   */
  async #seal(left: ActiveSegment): Promise<void> {
    if (left.ahead) await left.file.truncate(left.position).catch(() => {});
    await left.file.close().catch(() => {});
  }

  #inBackground(work: Promise<void>): void {
    this.#leaving.add(work);
    void work.finally(() => this.#leaving.delete(work));
  }

  /**
   * Twice what the last segment held: a busy log comes to large segments in a few steps, a quiet
   * one stays small.
   */
  #capacityAfter(used: number): number {
    const { firstSegmentBytes, segmentBytes } = this.#settings;
    return Math.min(segmentBytes, Math.max(firstSegmentBytes, 2 * used));
  }
}
