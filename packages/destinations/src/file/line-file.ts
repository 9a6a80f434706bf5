import { type LineFileSystem, type LineHandle, nodeLineFileSystem } from "./file-system.ts";

/**
 * A file to which whole lines are appended, each append on disk before it resolves. It has one
 * writer.
 *
 * A crash in the middle of an append leaves the beginning of a line. The append had not resolved,
 * so it will come again: on opening, a last line that is not complete is cut off.
 */
export class LineFile {
  readonly #path: string;
  readonly #system: LineFileSystem;
  #handle: LineHandle | undefined;
  #size: number;
  #last: Promise<unknown> = Promise.resolve();
  /** When it was written to before it was opened, milliseconds since the epoch. */
  readonly writtenAt: number;

  private constructor(path: string, system: LineFileSystem, { handle, size, writtenAt }: Opened) {
    this.#path = path;
    this.#system = system;
    this.#handle = handle;
    this.#size = size;
    this.writtenAt = writtenAt;
  }

  /** Bytes, when no append is under way. */
  get size(): number {
    return this.#size;
  }

  static async open(path: string, system: LineFileSystem = nodeLineFileSystem): Promise<LineFile> {
    return new LineFile(path, system, await openMended(path, system));
  }

  /**
   * Appends `lines`, which ends in a line feed: all of it, or nothing if it rejects. Appends take
   * their turns.
   */
  append(lines: string | Uint8Array): Promise<void> {
    const bytes = typeof lines === "string" ? Buffer.from(lines) : lines;
    const turn = this.#last.then(() => this.#append(bytes));
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

  async #append(bytes: Uint8Array): Promise<void> {
    // An earlier failure closed it: after a failed sync nobody knows what the system kept, so it is
    // looked at anew.
    if (this.#handle === undefined) {
      const { handle, size } = await openMended(this.#path, this.#system);
      this.#handle = handle;
      this.#size = size;
    }
    const handle = this.#handle;
    let written = 0;
    try {
      while (written < bytes.length)
        written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
      await handle.datasync();
      this.#size += written;
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

interface Opened {
  readonly handle: LineHandle;
  readonly size: number;
  readonly writtenAt: number;
}

async function openMended(path: string, system: LineFileSystem): Promise<Opened> {
  const handle = await system.open(path);
  try {
    const { size, mtimeMs } = await handle.stat();
    const tail = await lastLine(handle, size);
    if (tail.length === 0) return { handle, size, writtenAt: mtimeMs };
    // A file that another program wrote may lack only the line feed.
    const isWhole = isJson(tail);
    if (isWhole) await handle.write(Buffer.from("\n"));
    else await handle.truncate(size - tail.length);
    await handle.datasync();
    return { handle, size: isWhole ? size + 1 : size - tail.length, writtenAt: mtimeMs };
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
