import type { PgProtocol, PgSubmittable } from "./pg-driver.ts";

/** Pieces of text that go into one message. */
const mostPieces = 4096;

/** Puts the next line behind the pieces of text that are there; `false` when there is none. */
export type NextLine = (pieces: string[]) => boolean;

/** `COPY ... FROM STDIN`: sends lines to the server as fast as the socket takes them. */
export class CopyIn implements PgSubmittable {
  readonly done: Promise<void>;
  readonly #text: string;
  readonly #next: NextLine;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #failed = false;

  /** @param next gives the lines, in COPY's text format */
  constructor(text: string, next: NextLine) {
    this.#text = text;
    this.#next = next;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: PgProtocol): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: PgProtocol): void {
    // Joined all at once: a text that grows bit by bit is a tree that has to be put together in the end.
    let pieces: string[] = [];
    while (this.#next(pieces)) {
      if (pieces.length < mostPieces) continue;
      connection.stream.write(copyData(pieces.join("")));
      pieces = [];
    }
    if (pieces.length > 0) connection.stream.write(copyData(pieces.join("")));
    connection.endCopyFrom();
  }

  handleError(error: unknown): void {
    this.#failed = true;
    this.#reject(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    if (!this.#failed) this.#resolve();
  }
}

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The message CopyData. Made here, since the driver would copy all of it once more to put five bytes before it. */
function copyData(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const message = Buffer.allocUnsafe(5 + length);
  message[0] = 0x64;
  message.writeUInt32BE(4 + length, 1);
  message.write(text, 5, "utf8");
  return message;
}

/** Lines that are there already. */
export function linesOf(lines: readonly string[]): NextLine {
  let at = 0;
  return (pieces) => {
    const line = lines[at++];
    if (line === undefined) return false;
    pieces.push(line);
    return true;
  };
}

/** A value in COPY's text format. */
export function copyText(text: string): string {
  return special.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => escapes[character]!) : text;
}

export const copyNull = "\\N";
