import { ClosedFiles } from "./closed-files.ts";
import { type LineFileSystem, nodeLineFileSystem } from "./file-system.ts";
import { LineFile } from "./line-file.ts";

export interface Rotation {
  /** Bytes that a file has at most; only a single append may be larger. */
  readonly size?: number | undefined;
  /** Milliseconds. Files are closed at the multiples of it, counted from 1970 in UTC. */
  readonly every?: number | undefined;
  readonly gzip: boolean;
}

export interface RotatingFileOptions extends Rotation {
  readonly now: () => number;
  /** @default the real one */
  readonly system?: LineFileSystem;
}

/**
 * A file of lines that is closed, under another name, when it is large or old enough, and begun
 * anew. Every line that was appended is on disk, and in exactly one of the files, at every instant.
 *
 * It is closed by giving it its other name once nothing of it is open. A process that dies before
 * that goes on with the same file; one that dies after it begins a new one.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #options: RotatingFileOptions;
  readonly #system: LineFileSystem;
  readonly #closed: ClosedFiles;
  /** `undefined` between two files. */
  #lines: LineFile | undefined;
  /** The multiple of `every` that the last append fell into. */
  #period = 0;
  #isClosed = false;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(path: string, options: RotatingFileOptions, closed: ClosedFiles) {
    this.#path = path;
    this.#options = options;
    this.#system = options.system ?? nodeLineFileSystem;
    this.#closed = closed;
  }

  static async open(path: string, options: RotatingFileOptions): Promise<RotatingFile> {
    const closed = await ClosedFiles.find(path, options.gzip, options.system ?? nodeLineFileSystem);
    const file = new RotatingFile(path, options, closed);
    await file.#open();
    closed.tidy();
    file.#setTimer();
    return file;
  }

  /**
   * Appends `lines`, which ends in a line feed: all of it, on disk, or nothing if it rejects.
   * Appends take their turns.
   */
  append(lines: string | Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      let file = this.#lines ?? (await this.#open());
      if (this.#isDue(file, Buffer.byteLength(lines))) {
        await this.#rotate(file);
        file = await this.#open();
      }
      await file.append(lines);
      this.#period = this.#periodOf(this.#options.now());
    });
  }

  /** Closes the file if its time is over, also when nothing comes. */
  rotateIfDue(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#lines !== undefined && this.#isDue(this.#lines, 0)) await this.#rotate(this.#lines);
    });
  }

  /** Resolves when no closed file is being compressed. */
  idle(): Promise<void> {
    return this.#closed.idle();
  }

  /**
   * Waits for the append under way; what is being compressed is compressed again after the next
   * opening.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#inTurn(async () => {
      await this.#lines?.close();
      this.#lines = undefined;
    });
    await this.#closed.close();
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #open(): Promise<LineFile> {
    const lines = await LineFile.open(this.#path, this.#system);
    this.#lines = lines;
    // Whatever a file holds is of one period, so the time of its last line says which.
    this.#period = this.#periodOf(lines.size > 0 ? lines.writtenAt : this.#options.now());
    return lines;
  }

  #isDue({ size: has }: LineFile, more: number): boolean {
    const { size = Number.POSITIVE_INFINITY, now } = this.#options;
    return has > 0 && (has + more > size || this.#periodOf(now()) !== this.#period);
  }

  async #rotate(lines: LineFile): Promise<void> {
    this.#lines = undefined;
    await lines.close();
    await this.#system.rename(this.#path, this.#closed.nextPath(this.#options.now()));
    this.#closed.tidy();
  }

  #periodOf(time: number): number {
    const { every } = this.#options;
    return every === undefined ? 0 : Math.floor(time / every);
  }

  #setTimer(): void {
    const { every, now } = this.#options;
    if (every === undefined || this.#isClosed) return;
    const rotate = async (): Promise<void> => {
      // What fails now is tried again with the next append, which reports it.
      await this.rotateIfDue().catch(() => {});
      this.#setTimer();
    };
    this.#timer = setTimeout(() => void rotate(), every - (now() % every));
    this.#timer.unref();
  }
}
