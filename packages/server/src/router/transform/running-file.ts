import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** By what an event is known also after a restart. */
export interface EventId {
  readonly source: string;
  readonly messageId: string;
}

/** What the process says about the event that it runs. */
export interface Mark {
  /** Its position in the batch; `undefined` while none runs. */
  readonly index: number | undefined;
  /** How many marks were made: as long as it is the same, so is the event. */
  readonly count: number;
}

/** The index when no event runs. */
export const none: number = 0xffff_ffff;

/** Bytes of the file that the process writes: index and count. The batch follows. */
export const markBytes = 8;

/** Written at once, so that a disk that is full later takes every mark. */
const preparedBytes = 32 << 10;

/**
 * The file that says which event of a transformation runs. The process writes index and count into it before each event, and the router,
 * before each batch, which events those are. So it is known when the process was ended in whatever way, and when everything was, since what
 * is written is in the hands of the system. Nothing is synced: a power cut is no event's doing. docs/transformations.md specifies it.
 */
export class RunningFile {
  readonly #path: string;
  /** Also the process's. */
  readonly fd: number;
  /** The event that ran when another life of the data plane ended, and did not end it. */
  readonly left: EventId | undefined;
  readonly #mark = new Uint32Array(2);

  /** @throws the system's error when neither `path` nor a file beside it can be made */
  constructor(path: string) {
    this.#path = path;
    this.left = leftIn(path);
    // What an earlier life's process may still write goes to a file without a name.
    rmSync(path, { force: true });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.fd = openSync(path, "wx+", 0o600);
    const content = Buffer.alloc(preparedBytes);
    content.writeUInt32LE(none, 0);
    writeSync(this.fd, content, 0, content.length, 0);
  }

  /** A file that no other life finds, where no event's fate depends on it. */
  static temporary(): RunningFile {
    return new RunningFile(join(tmpdir(), `pintle-${process.pid}-${Math.random().toString(36).slice(2)}`));
  }

  /** Says which events the next batch has. To be called while none runs. */
  begin(ids: readonly EventId[]): void {
    const list = JSON.stringify(ids.map(({ source, messageId }) => [source, messageId]));
    const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(list));
    bytes.writeUInt32LE(bytes.length - 4);
    bytes.write(list, 4);
    try {
      writeSync(this.fd, bytes, 0, bytes.length, markBytes);
    } catch {
      // A full disk: the mark itself still tells this life.
    }
  }

  mark(): Mark {
    readSync(this.fd, this.#mark, 0, markBytes, 0);
    const [index = none, count = 0] = this.#mark;
    return { index: index === none ? undefined : index, count };
  }

  /** Says that nothing runs: whoever ran is known to have ended. */
  clear(): void {
    this.#mark[0] = none;
    this.#mark[1] = 0;
    writeSync(this.fd, this.#mark, 0, markBytes, 0);
  }

  /** Removes it. The process that has it can go on marking, for nobody. */
  close(): void {
    rmSync(this.#path, { force: true });
    closeSync(this.fd);
  }
}

/** A file that makes no sense says nothing: the function's process can write what it likes. */
function leftIn(path: string): EventId | undefined {
  try {
    const content = readFileSync(path);
    const index = content.readUInt32LE(0);
    if (index === none) return undefined;
    const length = content.readUInt32LE(markBytes);
    const list = JSON.parse(content.toString("utf8", markBytes + 4, markBytes + 4 + length)) as unknown;
    const pair: unknown = Array.isArray(list) ? list[index] : undefined;
    const [source, messageId] = Array.isArray(pair) ? pair : [];
    return typeof source === "string" && typeof messageId === "string" ? { source, messageId } : undefined;
  } catch {
    return undefined;
  }
}
