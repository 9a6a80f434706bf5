import { createHash } from "node:crypto";
import { type FileSystem, LogError } from "@pintle/log";
import { durableError } from "./durable-errors.ts";

/**
 * Takes the lock of a folder, or rejects with `PINTLE_LOCK_HELD` after waiting that many
 * milliseconds.
 */
export type TakeLock = (directory: string, wait: number) => Promise<{ release(): Promise<void> }>;

/** A slot whose lock is ours. */
export interface Claim {
  readonly number: number;
  readonly directory: string;
  readonly release: () => Promise<void>;
}

/** The name of the file that says whose folder it is. */
const headerName = "pintle-durable";
const format = 1;
/** How long others may take for their claims, milliseconds. */
const claimTime = 10_000;
const slotName = /^slot-([1-9]\d{0,8})$/;

/** The owner of a folder's messages: a hash, so that the write key is not on disk. */
export function ownerOf(writeKey: string, url: string): string {
  return createHash("sha256").update(`pintle durable\n${writeKey}\n${url}`).digest("hex");
}

/** The folder of durable mode, with its slots: docs/durable-mode.md, "Folder". */
export class Folder {
  readonly directory: string;
  readonly #owner: string;
  readonly #fs: FileSystem;
  readonly #takeLock: TakeLock;
  /** Journals that were found empty, with what was in their folders then. */
  readonly #empty = new Map<number, string>();

  constructor(directory: string, owner: string, fs: FileSystem, takeLock: TakeLock) {
    this.directory = directory;
    this.#owner = owner;
    this.#fs = fs;
    this.#takeLock = takeLock;
  }

  /**
   * Takes the free slot with the lowest number that is not among `except`. Rejects with
   * PINTLE_DURABLE_REFUSED if the folder is somebody else's, or with an error of the file system or
   * of the lock.
   */
  async claim(except: ReadonlySet<number>): Promise<Claim> {
    await this.#fs.makeDirectory(this.directory);
    const door = await this.#takeLock(this.directory, claimTime);
    try {
      const slots = await this.#slots();
      await this.#checkOwner(slots.length > 0);
      for (const number of slots) {
        const claim = except.has(number) ? undefined : await this.#tryClaim(number);
        if (claim !== undefined) return claim;
      }
      for (let number = (slots.at(-1) ?? 0) + 1; ; number++) {
        const claim = await this.#tryClaim(number);
        if (claim !== undefined) return claim;
      }
    } finally {
      await door.release();
    }
  }

  /** Takes the slots that nobody holds and that may have something in them, one after the other. */
  async *orphans(except: ReadonlySet<number>): AsyncGenerator<Claim> {
    for (const number of await this.#slots()) {
      if (except.has(number)) continue;
      if (this.#empty.get(number) === (await this.#contentOf(number))) continue;
      const claim = await this.#tryClaim(number);
      if (claim !== undefined) yield claim;
    }
  }

  /**
   * A slot has been found empty: there is no need to look into it again until something in its
   * folder has changed.
   */
  async noteEmpty(number: number): Promise<void> {
    this.#empty.set(number, await this.#contentOf(number));
  }

  async #tryClaim(number: number): Promise<Claim | undefined> {
    const directory = `${this.directory}/slot-${number}`;
    await this.#fs.makeDirectory(directory);
    try {
      const lock = await this.#takeLock(directory, 0);
      return { number, directory, release: () => lock.release() };
    } catch (error) {
      if (error instanceof LogError && error.code === "PINTLE_LOCK_HELD") return undefined;
      throw error;
    }
  }

  async #slots(): Promise<number[]> {
    const names = await this.#fs.list(this.directory);
    return names
      .flatMap((name) => slotName.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  /**
   * The segments of a slot with their sizes: another process that has used the slot has changed one
   * of them.
   */
  async #contentOf(number: number): Promise<string> {
    const directory = `${this.directory}/slot-${number}`;
    const found: string[] = [];
    for (const name of (await this.#fs.list(directory)).sort()) {
      if (!name.endsWith(".seg")) continue;
      const file = await this.#fs.open(`${directory}/${name}`, "read");
      try {
        found.push(`${name} ${await file.size()}`);
      } finally {
        await file.close();
      }
    }
    return found.join("\n");
  }

  /** Called with the folder's lock held, so that nobody else reads or writes the header. */
  async #checkOwner(hasSlots: boolean): Promise<void> {
    const path = `${this.directory}/${headerName}`;
    const text = await this.#read(path);
    const header = text === undefined ? undefined : parseHeader(text);
    if (header === undefined) {
      if (hasSlots) {
        const what = `${path} ${text === undefined ? "is missing" : "is damaged"}, so it is not known whose messages are there`;
        throw durableError("PINTLE_DURABLE_REFUSED", what);
      }
      await this.#writeHeader(path, text !== undefined);
    } else if (header.format !== format) {
      const what = `durable.directory ${JSON.stringify(this.directory)} has format ${header.format}, known is ${format}`;
      throw durableError("PINTLE_DURABLE_REFUSED", what);
    } else if (header.owner !== this.#owner) {
      const what = `durable.directory ${JSON.stringify(this.directory)} holds the messages for another write key or data plane URL`;
      throw durableError("PINTLE_DURABLE_REFUSED", what);
    } else if (!hasSlots) {
      // Whoever wrote it may have been killed before it was synced.
      await this.#writeHeader(path, true);
    }
  }

  async #read(path: string): Promise<string | undefined> {
    if (!(await this.#fs.list(this.directory)).includes(headerName)) return undefined;
    const file = await this.#fs.open(path, "read");
    try {
      const bytes = new Uint8Array(Math.min(4096, await file.size()));
      const length = await file.read(bytes, 0, bytes.length, 0);
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      await file.close();
    }
  }

  async #writeHeader(path: string, exists: boolean): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify({ format, owner: this.#owner })}\n`);
    const file = await this.#fs.open(path, exists ? "update" : "create");
    try {
      await file.truncate(bytes.length);
      await file.write([bytes], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.syncDirectory(this.directory);
  }
}

/** Undefined if it is not whole. */
function parseHeader(text: string): { readonly format: unknown; readonly owner: unknown } | undefined {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header !== "object" || header === null) return undefined;
    const { format: found, owner } = header as { format?: unknown; owner?: unknown };
    return found === undefined || (found === format && typeof owner !== "string")
      ? undefined
      : { format: found, owner };
  } catch {
    return undefined;
  }
}
