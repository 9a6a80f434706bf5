import type { PgProtocol, PgSubmittable } from "./pg-driver.ts";

/** Characters of one message; the driver makes a buffer of each. */
const chunkChars = 1 << 18;

/** `COPY ... FROM STDIN`: sends lines to the server as fast as the socket takes them. */
export class CopyIn implements PgSubmittable {
  readonly done: Promise<void>;
  readonly #text: string;
  readonly #lines: readonly string[];
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #failed = false;

  /** @param lines in COPY's text format, each with its line feed */
  constructor(text: string, lines: readonly string[]) {
    this.#text = text;
    this.#lines = lines;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: PgProtocol): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: PgProtocol): void {
    let chunk = "";
    for (const line of this.#lines) {
      chunk += line;
      if (chunk.length < chunkChars) continue;
      connection.sendCopyFromChunk(Buffer.from(chunk));
      chunk = "";
    }
    if (chunk !== "") connection.sendCopyFromChunk(Buffer.from(chunk));
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

/** A value in COPY's text format. */
export function copyText(text: string): string {
  return special.test(text) ? text.replace(/[\\\n\r\t]/g, (character) => escapes[character]!) : text;
}

export const copyNull = "\\N";
