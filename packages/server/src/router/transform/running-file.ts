import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The name by which an event is known also after a restart. */
export interface EventId {
  readonly source: string;
  readonly messageId: string;
}

/** What the process says about the event that it runs. */
export interface Mark {
  /** Number of the batch, as `begin` was told it. */
  readonly batch: number;
  /** The position of the event that runs; `undefined` while none runs. */
  readonly index: number | undefined;
  /** How many marks were made: as long as it is the same, so is the event. */
  readonly count: number;
  /**
   * Milliseconds that the event had run when the mark was made: it gives its results in several
   * pieces.
   */
  readonly ran: number;
}

const { concat, from } = Buffer;

/** The index when no event runs. */
export const none: number = 0xffff_ffff;

/**
 * Bytes of the file that the process writes: index, count, batch and time. Two places for batches
 * follow, for even numbers and for odd ones.
 */
export const markBytes = 16;

const placeBytes = 16 << 10;

/** Bytes before the list of a batch: its number, and the bytes of the list. */
const placeHeadBytes = 8;

/** Bytes written at the start, so that a disk that is full later takes every mark. */
const preparedBytes = markBytes + 2 * placeBytes;

/**
 * The file that says which event of a transformation runs. The process writes index and count into
 * it before each event, and the router, before each batch, which events those are: of two batches
 * at most, the one that runs and the one that is next. So it is known when the process was ended in
 * whatever way, and when everything was, since what is written is in the hands of the system.
 * Nothing is synced: a power cut is no event's doing. docs/transformations.md specifies it.
 */
export class RunningFile {
  readonly #path: string;
  /** The descriptor, which the process has as well. */
  readonly fd: number;
  /** The event that ran when another life of the data plane ended, and did not end it. */
  readonly left: EventId | undefined;
  readonly #mark = new Uint32Array(4);

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

  /**
   * Says which events a batch has. To be called before it is sent, once the last but one is over.
   *
   * @param isAlone whether no other batch is on its way, and none will be
   * @returns whether it is said; `false` if there is only room for it when it is alone
   */
  begin(batch: number, ids: readonly EventId[], isAlone: boolean): boolean {
    const list = from(JSON.stringify(ids.map(({ source, messageId }) => [source, messageId])));
    if (!isAlone && placeHeadBytes + list.length > placeBytes) return false;
    const head = from(Uint32Array.of(batch, list.length).buffer);
    try {
      writeSync(this.fd, concat([head, list]), 0, placeHeadBytes + list.length, placeOf(batch));
    } catch {
      // A full disk: the mark itself still tells this life.
    }
    return true;
  }

  mark(): Mark {
    readSync(this.fd, this.#mark, 0, markBytes, 0);
    const [index = none, count = 0, batch = 0, ran = 0] = this.#mark;
    return { batch, index: index === none ? undefined : index, count, ran };
  }

  /** Says that nothing runs: whoever ran is known to have ended. */
  clear(): void {
    this.#mark.set([none, 0, 0, 0]);
    writeSync(this.fd, this.#mark, 0, markBytes, 0);
  }

  /** Removes it. The process that has it can go on marking, for nobody. */
  close(): void {
    rmSync(this.#path, { force: true });
    closeSync(this.fd);
  }
}

function placeOf(batch: number): number {
  return markBytes + (batch % 2) * placeBytes;
}

/** A file that makes no sense says nothing: the function's process can write what it likes. */
function leftIn(path: string): EventId | undefined {
  try {
    const content = readFileSync(path);
    const index = content.readUInt32LE(0);
    if (index === none) return undefined;
    const batch = content.readUInt32LE(8);
    const place = placeOf(batch);
    if (content.readUInt32LE(place) !== batch) return undefined;
    const begin = place + placeHeadBytes;
    const list = JSON.parse(content.toString("utf8", begin, begin + content.readUInt32LE(place + 4))) as unknown;
    const pair: unknown = Array.isArray(list) ? list[index] : undefined;
    const [source, messageId] = Array.isArray(pair) ? pair : [];
    return typeof source === "string" && typeof messageId === "string" ? { source, messageId } : undefined;
  } catch {
    return undefined;
  }
}
