import type { File, FileSystem } from "./file-system.ts";
import { pathIn, segmentName } from "./segment.ts";

const stepBytes = 1024 * 1024;
const zeros = new Uint8Array(stepBytes);

/**
 * The file of the next segment, written ahead with zeros so that appends into it need no change of
 * metadata at each sync. It is filled in steps, at the pace of the appends, and can be taken at any
 * time, full or not.
 *
 * A failure here is nobody's failure: filling ends, and what was written is used, or the file is
 * made again when it is needed.
 */
export class NextSegment {
  readonly sequence: number;
  readonly path: string;
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly capacity: number;
  #file: File | undefined;
  #filled = 0;
  #failed = false;
  #step: Promise<void> | undefined;

  constructor(fs: FileSystem, directory: string, sequence: number, capacity: number) {
    this.#fs = fs;
    this.#directory = directory;
    this.sequence = sequence;
    this.path = pathIn(directory, segmentName(sequence));
    this.capacity = capacity;
  }

  /**
   * Takes the next step, unless one is under way or `share` (0 to 1) of the file is already there.
   */
  keepPace(share: number): void {
    if (this.#step !== undefined || this.#failed || this.#filled >= Math.min(1, share) * this.capacity) return;
    this.#step = this.#fill().then(
      () => {
        this.#step = undefined;
      },
      () => {
        this.#failed = true;
        this.#step = undefined;
      },
    );
  }

  /**
   * Hands over the open file, whose name is durable; `undefined` if it could not be made. Nothing
   * is filled any more.
   */
  async take(): Promise<File | undefined> {
    this.#failed = true;
    await this.#step;
    const file = this.#file;
    this.#file = undefined;
    return file;
  }

  async discard(): Promise<void> {
    const file = await this.take();
    if (file === undefined) return;
    await file.close();
    await this.#fs.remove(this.path);
  }

  async #fill(): Promise<void> {
    if (this.#file === undefined) {
      const file = await this.#fs.open(this.path, "create durable");
      try {
        await this.#fs.syncDirectory(this.#directory);
      } catch (error) {
        await file.close();
        await this.#fs.remove(this.path);
        throw error;
      }
      this.#file = file;
    }
    const bytes = Math.min(stepBytes, this.capacity - this.#filled);
    await this.#file.write([zeros.subarray(0, bytes)], this.#filled);
    this.#filled += bytes;
  }
}
