import { basename, dirname, extname, join } from "node:path";
import { createGzip, type Gzip } from "node:zlib";
import type { LineFileSystem, LineHandle } from "./file-system.ts";

/**
 * The closed files beside `events.jsonl`, each always in one of these states:
 *
 * | name | state |
 * | --- | --- |
 * | `events-STAMP.jsonl` | closed: it has all its lines, and nobody writes to it any more |
 * | the same, and `events-STAMP.jsonl.gz.part` | is being compressed |
 * | the same, and `events-STAMP.jsonl.gz` | compressed, both have all lines; the first is about to be removed |
 * | `events-STAMP.jsonl.gz` | compressed |
 *
 * A name without `.part` at its end stands for the whole content, on disk, at every instant. What a
 * crash leaves behind in the middle is brought to the next state by `tidy`.
 *
 * STAMP is the UTC time at which it was closed, moved on where need be, so that the names of one
 * file sort in the order of its events.
 */
export class ClosedFiles {
  readonly #folder: string;
  readonly #base: string;
  readonly #extension: string;
  readonly #system: LineFileSystem;
  readonly #compresses: boolean;
  readonly #ending = new AbortController();
  #lastStamp = "";
  #compressing: Promise<void> = Promise.resolve();

  private constructor(path: string, compresses: boolean, system: LineFileSystem) {
    this.#folder = dirname(path);
    this.#extension = extname(path);
    this.#base = basename(path, this.#extension);
    this.#compresses = compresses;
    this.#system = system;
  }

  /** Finds those of `path`. */
  static async find(path: string, compresses: boolean, system: LineFileSystem): Promise<ClosedFiles> {
    const files = new ClosedFiles(path, compresses, system);
    for (const { stamp } of await files.#list()) if (stamp > files.#lastStamp) files.#lastStamp = stamp;
    return files;
  }

  /** The path of the file that is closed now. No two calls give the same. */
  nextPath(now: number): string {
    const last = this.#lastStamp === "" ? Number.NEGATIVE_INFINITY : timeOf(this.#lastStamp);
    this.#lastStamp = stampOf(Math.max(now, last + 1));
    return join(this.#folder, `${this.#base}-${this.#lastStamp}${this.#extension}`);
  }

  /**
   * Removes what a crash has left, and compresses, where that is wanted, what is not compressed
   * yet: in the background, one file at a time. What fails (a full disk) stays as it is until the
   * next call: nothing is lost by it, it only takes more room.
   */
  tidy(): void {
    this.#compressing = this.#compressing.then(() => this.#tidy()).catch(() => {});
  }

  /** Resolves when nothing is being compressed. */
  async idle(): Promise<void> {
    await this.#compressing;
  }

  /** Breaks off compressing. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#compressing;
  }

  async #tidy(): Promise<void> {
    const found = await this.#list();
    const compressed = new Set(found.filter(({ kind }) => kind === ".gz").map(({ stamp }) => stamp));
    for (const { stamp, kind, path } of found) {
      if (this.#ending.signal.aborted) return;
      if (kind === ".gz.part") await this.#system.remove(path);
      else if (kind === "" && compressed.has(stamp)) await this.#system.remove(path);
      else if (kind === "" && this.#compresses) await this.#compress(path);
    }
  }

  async #compress(path: string): Promise<void> {
    const part = `${path}.gz.part`;
    const from = await this.#system.open(path);
    try {
      const to = await this.#system.create(part);
      try {
        await compress(from, to, this.#ending.signal);
        await to.datasync();
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
    await this.#system.rename(part, `${path}.gz`);
    await this.#system.remove(path);
  }

  /**
   * The files, in the order of their names; what is left of compressing comes before what is to be
   * compressed again.
   */
  async #list(): Promise<{ stamp: string; kind: string; path: string }[]> {
    const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(
      `^${escaped(this.#base)}-(\\d{8}T\\d{9}Z)${escaped(this.#extension)}(\\.gz|\\.gz\\.part|)$`,
    );
    const names = await this.#system.list(this.#folder);
    return names
      .flatMap((name) => {
        const [, stamp, kind] = pattern.exec(name) ?? [];
        return stamp === undefined || kind === undefined ? [] : [{ stamp, kind, path: join(this.#folder, name) }];
      })
      .sort((a, b) => compare(a.stamp, b.stamp) || compare(b.path, a.path));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `20261123T130501123Z` */
function stampOf(time: number): string {
  return new Date(time).toISOString().replace(/[-:.]/g, "");
}

function timeOf(stamp: string): number {
  const [, y, mo, d, h, mi, s, ms] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(stamp) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
}

const chunkBytes = 256 * 1024;

/** Copies one file into the other, compressed. */
async function compress(from: LineHandle, to: LineHandle, signal: AbortSignal): Promise<void> {
  const gzip = createGzip();
  const writing = (async () => {
    for await (const chunk of gzip as AsyncIterable<Buffer>) {
      let written = 0;
      while (written < chunk.length) written += (await to.write(chunk, written, chunk.length - written)).bytesWritten;
    }
  })();
  const reading = (async () => {
    const chunk = Buffer.alloc(chunkBytes);
    for (let position = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await from.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      await feed(gzip, chunk.subarray(0, bytesRead));
    }
    gzip.end();
  })();
  try {
    await Promise.all([reading, writing]);
  } finally {
    gzip.destroy();
    await Promise.allSettled([reading, writing]);
  }
}

/** Resolves when the chunk is compressed, so that its memory can be used again. */
async function feed(gzip: Gzip, chunk: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => gzip.write(chunk, (error) => (error ? reject(error) : resolve())));
}
