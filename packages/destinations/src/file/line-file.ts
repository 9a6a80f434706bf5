import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** What a file of lines needs of a file handle; tests give one that fails. */
export type LineHandle = Pick<FileHandle, "stat" | "read" | "write" | "truncate" | "datasync" | "close">;

export interface LineFileSystem {
  /** Opens for reading and appending; makes the file and its folder if need be. */
  open(path: string): Promise<LineHandle>;
}

/**
 * A file to which whole lines are appended, each append on disk before it resolves. It has one writer.
 *
 * A crash in the middle of an append leaves the beginning of a line. The append had not resolved, so it will come
 * again: on opening, a last line that is not complete is cut off.
 */
export class LineFile {
  readonly #path: string;
  readonly #system: LineFileSystem;
  #handle: LineHandle | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, system: LineFileSystem, handle: LineHandle) {
    this.#path = path;
    this.#system = system;
    this.#handle = handle;
  }

  static async open(path: string, system: LineFileSystem = nodeLineFileSystem): Promise<LineFile> {
    return new LineFile(path, system, await openMended(path, system));
  }

  /** Appends `lines`, which ends in a line feed: all of it, or nothing if it rejects. Appends take their turns. */
  append(lines: string): Promise<void> {
    const turn = this.#last.then(() => this.#append(Buffer.from(lines)));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Waits for the append under way. */
  async close(): Promise<void> {
    await this.#last;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #append(bytes: Buffer): Promise<void> {
    // An earlier failure closed it: after a failed sync nobody knows what the system kept, so it is looked at anew.
    this.#handle ??= await openMended(this.#path, this.#system);
    const handle = this.#handle;
    let written = 0;
    try {
      while (written < bytes.length)
        written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
      await handle.datasync();
    } catch (error) {
      this.#handle = undefined;
      await takeBack(handle, written).catch(() => {});
      await handle.close().catch(() => {});
      throw error;
    }
  }
}

/** Cuts off the last `written` bytes: the batch will come again as a whole. */
async function takeBack(handle: LineHandle, written: number): Promise<void> {
  if (written === 0) return;
  const { size } = await handle.stat();
  await handle.truncate(Math.max(0, size - written));
}

async function openMended(path: string, system: LineFileSystem): Promise<LineHandle> {
  const handle = await system.open(path);
  try {
    const { size } = await handle.stat();
    const tail = await lastLine(handle, size);
    if (tail.length > 0) {
      // A file that another program wrote may lack only the line feed.
      if (isJson(tail)) await handle.write(Buffer.from("\n"));
      else await handle.truncate(size - tail.length);
      await handle.datasync();
    }
    return handle;
  } catch (error) {
    await handle.close().catch(() => {});
    throw error;
  }
}

/** The bytes after the last line feed; none when the file ends with one. */
async function lastLine(handle: LineHandle, size: number): Promise<Buffer> {
  const step = 64 * 1024;
  let tail: Buffer = Buffer.alloc(0);
  let at = size;
  while (at > 0) {
    const from = Math.max(0, at - step);
    const chunk = Buffer.alloc(at - from);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, from);
    const feed = chunk.lastIndexOf(0x0a, bytesRead - 1);
    if (bytesRead > 0 && feed >= 0) return Buffer.concat([chunk.subarray(feed + 1, bytesRead), tail]);
    tail = Buffer.concat([chunk.subarray(0, bytesRead), tail]);
    at = from;
  }
  return tail;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

export const nodeLineFileSystem: LineFileSystem = {
  async open(path) {
    // Events are personal data: for the owner alone.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, "a+", 0o600);
    await syncFolder(dirname(path));
    return handle;
  },
};

/** Makes the file's name durable, too. Windows cannot and need not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
