import { dirname } from "node:path";
import { LogError, systemCode } from "./errors.ts";
import type { File, FileSystem } from "./file-system.ts";
import { nodeFileSystem } from "./node-file-system.ts";
import { decodeSlot, encodeSlot, type Progress, type Slot } from "./progress.ts";

export interface ProgressFileOptions {
  /** Default: the real one. */
  readonly fs?: FileSystem;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /**
   * Milliseconds of saves after which the current slot is synced and the other one is used. Default
   * 5000.
   */
  readonly syncEvery?: number;
  /**
   * Called when a save could not be written, for the first in a row; the next save tries again.
   * Default: nothing.
   */
  readonly onError?: (error: unknown) => void;
  /** Called when one was written again. Default: nothing. */
  readonly onMended?: () => void;
}

/**
 * Where one consumer group stands, in two small files `<path>.a` and `<path>.b`:
 * docs/log-format.md, "Progress". One writer.
 *
 * A save is written without a sync, and saves that come while one is being written are merged. What
 * a crash loses is the last saves, so that work is done again; there is always one whole slot.
 */
export class ProgressFile {
  readonly path: string;
  readonly #now: () => number;
  readonly #syncEvery: number;
  readonly #onError: (error: unknown) => void;
  readonly #onMended: () => void;
  #isFailing = false;
  readonly #files: readonly [File, File];
  #saved: Progress | undefined;
  #number: number;
  /**
   * The slot that saves go to. The other one holds a synced state, if anything has ever been synced
   * (`#anchored`).
   */
  #slot: 0 | 1;
  #anchored: boolean;
  #unsynced = false;
  #syncedAt: number;
  #waiting: Progress | undefined;
  #scheduled = false;
  #serial: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /**
   * Rejects with `PINTLE_LOG_NEWER_FORMAT` or an error of the file system. The folder is created if
   * it is not there.
   */
  static async open(path: string, options: ProgressFileOptions = {}): Promise<ProgressFile> {
    const fs = options.fs ?? nodeFileSystem;
    await fs.makeDirectory(dirname(path));
    const files: File[] = [];
    try {
      const slots: (Slot | undefined)[] = [];
      for (const name of [`${path}.a`, `${path}.b`]) {
        const file = await openOrCreate(fs, name);
        files.push(file);
        slots.push(await readSlot(file, name));
        // What was read may so far only be in memory, and the first save relies on one of the
        // slots.
        await file.sync();
      }
      await fs.syncDirectory(dirname(path));
      return new ProgressFile(path, options, [files[0]!, files[1]!], slots);
    } catch (error) {
      await Promise.all(files.map((file) => file.close().catch(() => {})));
      throw error;
    }
  }

  private constructor(
    path: string,
    options: ProgressFileOptions,
    files: readonly [File, File],
    [a, b]: readonly (Slot | undefined)[],
  ) {
    this.path = path;
    this.#now = options.now ?? Date.now;
    this.#syncEvery = options.syncEvery ?? 5000;
    this.#onError = options.onError ?? (() => {});
    this.#onMended = options.onMended ?? (() => {});
    this.#files = files;
    const last = newer(a, b);
    this.#saved = last?.progress;
    this.#number = last?.number ?? 0;
    this.#anchored = last !== undefined;
    this.#slot = last !== undefined && last === a ? 1 : 0;
    this.#syncedAt = this.#now();
  }

  /** What was saved last, before the file was opened or since; `undefined` if nothing ever was. */
  load(): Progress | undefined {
    return this.#waiting ?? this.#saved;
  }

  /** Saves; returns at once. The object must not be changed afterwards. Errors go to `onError`. */
  save(progress: Progress): void {
    if (this.#closed !== undefined) throw this.#closedError();
    this.#waiting = progress;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#inTurn(() => this.#write()).then(
      () => this.#turned(false, this.#onMended),
      (error: unknown) => this.#turned(true, () => this.#onError(error)),
    );
  }

  /** Tells of trouble once when it begins, and once when it is over. */
  #turned(isFailing: boolean, tell: () => void): void {
    if (this.#isFailing === isFailing) return;
    this.#isFailing = isFailing;
    tell();
  }

  /**
   * Resolves when everything saved so far is durable. Rejects with an error of the file system;
   * what was saved is kept for the next try.
   */
  async flush(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError();
    await this.#inTurn(async () => {
      await this.#write();
      if (this.#unsynced) await this.#sync();
    });
  }

  /**
   * Waits for what is being written, then closes the files. It does not sync: for that there is
   * `flush`.
   */
  close(): Promise<void> {
    this.#closed ??= this.#inTurn(async () => {
      await Promise.all(this.#files.map((file) => file.close()));
    });
    return this.#closed;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#serial.then(run);
    this.#serial = result.catch(() => {});
    return result;
  }

  async #write(): Promise<void> {
    this.#scheduled = false;
    const progress = this.#waiting;
    if (progress === undefined) return;
    this.#waiting = undefined;
    try {
      await this.#files[this.#slot].write([encodeSlot({ number: ++this.#number, progress })], 0);
      this.#saved = progress;
      this.#unsynced = true;
      if (!this.#anchored || Math.abs(this.#now() - this.#syncedAt) >= this.#syncEvery) await this.#sync();
    } catch (error) {
      this.#waiting ??= progress;
      throw error;
    }
  }

  /**
   * Makes the current slot durable, and only then changes slots. A failed sync may be tried again
   * here, other than in a log: each save writes its slot anew from the first byte.
   */
  async #sync(): Promise<void> {
    await this.#files[this.#slot].sync();
    this.#slot = this.#slot === 0 ? 1 : 0;
    this.#anchored = true;
    this.#unsynced = false;
    this.#syncedAt = this.#now();
  }

  #closedError(): LogError {
    return new LogError("PINTLE_LOG_CLOSED", `The progress file ${this.path} is closed.`);
  }
}

/**
 * What was saved last under `path`, without opening it for saves; the writer may be at work.
 * `undefined`: nothing ever was.
 */
export async function readProgress(path: string, fs: FileSystem = nodeFileSystem): Promise<Progress | undefined> {
  const slots = await Promise.all([`${path}.a`, `${path}.b`].map((name) => readSlotOf(fs, name)));
  return newer(slots[0], slots[1])?.progress;
}

async function readSlotOf(fs: FileSystem, path: string): Promise<Slot | undefined> {
  const file = await fs.open(path, "read").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    return await readSlot(file, path);
  } finally {
    await file.close();
  }
}

function newer(a: Slot | undefined, b: Slot | undefined): Slot | undefined {
  return (b?.number ?? 0) > (a?.number ?? 0) ? b : a;
}

async function openOrCreate(fs: FileSystem, path: string): Promise<File> {
  try {
    return await fs.open(path, "update");
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    return fs.open(path, "create");
  }
}

async function readSlot(file: File, path: string): Promise<Slot | undefined> {
  const bytes = new Uint8Array(await file.size());
  const count = await file.read(bytes, 0, bytes.byteLength, 0);
  return decodeSlot(bytes.subarray(0, count), path);
}
