import type { RowValue } from "../warehouse/types.ts";
import type { PgProtocol, PgSubmittable } from "./pg-driver.ts";

/** Writes the next line; `false` when there is none. */
export type NextLine = (lines: CopyLines) => boolean;

/** `COPY ... FROM STDIN`: sends lines to the server as fast as the socket takes them. */
export class CopyIn implements PgSubmittable {
  readonly done: Promise<void>;
  readonly #text: string;
  readonly #next: NextLine;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #failed = false;

  /**
   * @param text the statement, or several of which one is a COPY
   * @param next gives the lines, in COPY's text format
   */
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
    const lines = new CopyLines((message) => connection.stream.write(message));
    while (this.#next(lines));
    lines.flush();
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

/** Bytes of a message, about. */
const messageSize = 65_536;
/** Bytes of its type and its length. */
const headSize = 5;

const tab = 0x09;
const lineFeed = 0x0a;

/**
 * Lines in COPY's text format, gathered into messages CopyData. They are written as bytes at once:
 * to join them as texts first, and to have the driver put five bytes before them, would copy
 * everything twice more.
 */
export class CopyLines {
  readonly #send: (message: Uint8Array) => void;
  #message = Buffer.allocUnsafe(messageSize);
  #end = headSize;

  constructor(send: (message: Uint8Array) => void) {
    this.#send = send;
  }

  /**
   * Writes fields, each with a tab behind it.
   *
   * @param isAscii whether all of it is ASCII, which needs no encoding
   */
  fields(text: string, isAscii: boolean): void {
    const most = isAscii ? text.length : text.length * 3;
    if (this.#end + most > this.#message.length) this.#begin(most);
    this.#end += isAscii ? this.#message.write(text, this.#end, "latin1") : this.#message.write(text, this.#end);
  }

  /** The tab behind the last field becomes the end of the line. A line may have no fields. */
  endLine(): void {
    if (this.#end > headSize && this.#message[this.#end - 1] === tab) this.#message[this.#end - 1] = lineFeed;
    else this.fields("\n", true);
  }

  /** Sends what has been written so far. */
  flush(): void {
    if (this.#end === headSize) return;
    this.#message[0] = 0x64; // d: CopyData
    this.#message.writeUInt32BE(this.#end - 1, 1);
    this.#send(this.#message.subarray(0, this.#end));
    this.#end = headSize;
    this.#message = Buffer.allocUnsafe(0);
  }

  #begin(bytes: number): void {
    this.flush();
    this.#message = Buffer.allocUnsafe(Math.max(messageSize, headSize + bytes));
  }
}

/** What has to be escaped, or is not ASCII. */
const special = /[\\\n\r\t\x80-\uffff]/;
const toEscape = /[\\\n\r\t]/g;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Fields in COPY's text format, each with a tab behind it. */
export interface CopyFields {
  readonly text: string;
  readonly isAscii: boolean;
}

/** @param values `undefined` is NULL */
export function copyFields(values: readonly (RowValue | undefined)[]): CopyFields {
  const fields = new Array<string>(values.length + 1);
  let isAscii = true;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value === "string") {
      if (special.test(value)) {
        fields[at] = value.replace(toEscape, (character) => escapes[character]!);
        isAscii = false;
      } else fields[at] = value;
    } else fields[at] = value === undefined ? copyNull : String(value);
  }
  // So that there is a tab behind the last one, too.
  fields[values.length] = "";
  return { text: fields.join("\t"), isAscii };
}

export const copyNull = "\\N";

/** Rows that are there already. */
export function linesOf(rows: readonly (readonly (RowValue | undefined)[])[]): NextLine {
  let at = 0;
  return (lines) => {
    const row = rows[at++];
    if (row === undefined) return false;
    const { text, isAscii } = copyFields(row);
    lines.fields(text, isAscii);
    lines.endLine();
    return true;
  };
}
