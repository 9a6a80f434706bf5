import { isUtf8 } from "node:buffer";
import { deepest } from "@pintle/events";
import type { EngineRecord } from "../../engine/engine.ts";
import { decodeEventRecord, type EventRecordFacts, openRecord } from "../event-record.ts";
import { plainNameEnd, skipColon, skipSpace, stringEnd, valueEnd } from "../json-bytes.ts";
import { Completion } from "./completion.ts";
import { MemberScan } from "./member-scan.ts";
import type { RawEvents } from "./raw-events.ts";
import { valueAt } from "./values.ts";
import { writtenEvents } from "./written-events.ts";

/** A record whose events are there as bytes. */
export interface ScannedRecord {
  readonly sourceId: string;
  /** The hash of each event's user key. */
  readonly keyHashes: ArrayLike<number>;
  readonly events: RawEvents;
}

const failed = -1;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

const scan = new MemberScan();

/**
 * The events of a record as bytes, complete, without an object for any of them: those that
 * `openRecord` gives, by the rule in docs/event-record.md, "The bytes of an event".
 *
 * @throws EngineError as `openRecord`
 */
export function scanRecord(record: Pick<EngineRecord, "offset" | "header" | "payload">): ScannedRecord {
  const { header, payload } = record;
  let facts: EventRecordFacts | undefined;
  try {
    facts = decodeEventRecord(header);
  } catch {
    // Said by `openRecord`.
  }
  const events = facts === undefined ? undefined : completed(bytesOf(payload), facts);
  if (facts !== undefined && events !== undefined) {
    return { sourceId: facts.sourceId, keyHashes: facts.keyHashes, events };
  }
  // What is not well-formed has its error there; a body of an early version may be nested deeper
  // than is read here.
  const { sourceId, keyHashes, eventAt } = openRecord(record);
  return { sourceId, keyHashes, events: writtenEvents(Array.from(keyHashes, (_, index) => eventAt(index))) };
}

/** The payload as UTF-8: what is none becomes U+FFFD, as everywhere. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString("utf8"));
}

function completed(bytes: Buffer, facts: EventRecordFacts): RawEvents | undefined {
  const body = new BodyCompletion(bytes, facts);
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== openBrace) return undefined;
  const end = facts.endpoint === "batch" ? body.batchEnd(start) : body.eventEnd(start, deepest);
  return end === failed || skipSpace(bytes, end) !== bytes.length ? undefined : body.finish();
}

/** Goes through a body, and completes its events. Positions are as in json-bytes.ts. */
class BodyCompletion {
  readonly #bytes: Buffer;
  readonly #facts: EventRecordFacts;
  /** Whether there is a line break anywhere. */
  readonly #hasBreak: boolean;
  #completion: Completion;
  #count = 0;

  constructor(bytes: Buffer, facts: EventRecordFacts) {
    this.#bytes = bytes;
    this.#facts = facts;
    this.#hasBreak = bytes.includes(lineFeed) || bytes.includes(carriageReturn);
    this.#completion = this.#begin();
  }

  /** `undefined`: there are more events or fewer than the header says. */
  finish(): RawEvents | undefined {
    return this.#count === this.#facts.messageIds.length ? this.#completion.finish() : undefined;
  }

  /** Scans from the `{` to behind the `}`. */
  batchEnd(start: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === closeBrace) return failed;
    for (;;) {
      if (bytes[at] !== quote) return failed;
      const plainEnd = plainNameEnd(bytes, at);
      const nameEnd = plainEnd === failed ? stringEnd(bytes, at + 1) : plainEnd + 1;
      if (nameEnd === failed) return failed;
      const name = at;
      at = skipColon(bytes, nameEnd);
      if (at === failed) return failed;
      if (valueAt(bytes, name, nameEnd) === "batch") {
        // The last one counts: one before it may be anything.
        if (this.#count > 0) this.#completion = this.#begin();
        const end = bytes[at] === openBracket ? this.#listEnd(at) : failed;
        if (end === failed) this.#completion = this.#begin();
        at = end === failed ? valueEnd(bytes, at, deepest - 1) : end;
      } else at = valueEnd(bytes, at, deepest - 1);
      if (at === failed) return failed;
      at = skipSpace(bytes, at);
      if (bytes[at] === closeBrace) return at + 1;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
  }

  #listEnd(start: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === closeBracket) return at + 1;
    for (;;) {
      if (bytes[at] !== openBrace) return failed;
      at = this.eventEnd(at, deepest - 2);
      if (at === failed) return failed;
      at = skipSpace(bytes, at);
      if (bytes[at] === closeBracket) return at + 1;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
  }

  /** Scans from the `{` to behind the `}`, and writes the event complete. */
  eventEnd(start: number, levels: number): number {
    const bytes = this.#bytes;
    const messageId = this.#facts.messageIds[this.#count];
    if (messageId === undefined) return failed;
    const end = scan.read(bytes, start + 1, levels);
    if (end === failed) return failed;
    this.#count++;
    if (this.#hasBreak && hasBreak(bytes, start, end)) {
      const line = withoutSpace(bytes, start, end);
      scan.read(line, 1, levels);
      this.#completion.add(line, scan, 0, line.length, messageId);
    } else this.#completion.add(bytes, scan, start, end, messageId);
    return end;
  }

  #begin(): Completion {
    const { receivedAt, requestIp, batchSentAt, messageIds, endpoint } = this.#facts;
    this.#count = 0;
    const type = endpoint === "batch" ? undefined : endpoint;
    return new Completion({ receivedAt, requestIp, batchSentAt, type }, messageIds.length, this.#bytes.length);
  }
}

function hasBreak(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === lineFeed || bytes[at] === carriageReturn) return true;
  return false;
}

/** JSON that is well-formed, without the white space between its tokens. */
function withoutSpace(bytes: Buffer, start: number, end: number): Buffer {
  const line = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; ) {
    const next = bytes[at] === quote ? stringEnd(bytes, at + 1) : at + 1;
    if (bytes[at]! > 0x20) length += bytes.copy(line, length, at, next);
    at = next;
  }
  return line.subarray(0, length);
}
