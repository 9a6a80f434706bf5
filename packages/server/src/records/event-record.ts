import { parseJson, readTime } from "@pintle/events";
import { completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import type { EngineRecord } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";

/*
 * The record of the topic `events`: one for each request. Layout and reasons: docs/event-record.md.
 * The payload is the request's body as it was received; the header makes up for everything that
 * parsing it again would not give again.
 */

/** Endpoints that take one event, in the order of their numbers in the header, which start at 1. */
export const singleEndpoints = ["identify", "track", "page", "screen", "group", "alias", "merge"] as const;
export type SingleEndpoint = (typeof singleEndpoints)[number];
export type Endpoint = "batch" | SingleEndpoint;

/** What the header of an event record says. */
export interface EventRecordFacts {
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly sourceId: string;
  /** The client's address, at most 255 bytes of UTF-8. */
  readonly requestIp: string;
  /** `batch`: the payload is `{"batch":[…]}`; else it is one event of this type. */
  readonly endpoint: Endpoint;
  /** The cleaned or made-up id of each event: no control characters, never empty. */
  readonly messageIds: readonly string[];
  /** The hash of each event's user key, unsigned 32 bit. */
  readonly keyHashes: ArrayLike<number>;
  /**
   * `sentAt` of the batch, whatever the client put there. Only what can be read as a date gets into
   * the header.
   */
  readonly batchSentAt?: unknown;
}

/** The events of a record, complete. */
export interface RecordEvents {
  readonly sourceId: string;
  readonly events: DeliveredEvent[];
  /** The hash of each event's user key. */
  readonly keyHashes: number[];
}

/**
 * The same, each completed when it is asked for: by its position, of which there are as many as
 * hashes.
 */
export interface OpenedRecord extends Omit<RecordEvents, "events"> {
  readonly eventAt: (index: number) => DeliveredEvent;
}

const format = 1;
const knownFeatures = 0;
const fixedBytes = 16;
const lineFeed = 0x0a;

/**
 * Makes the header of a record. Throws a `RangeError` for facts that the layout has no room for:
 * the caller is at fault.
 */
export function encodeEventRecord(facts: EventRecordFacts): { header: Uint8Array } {
  const { messageIds, keyHashes, requestIp, sourceId } = facts;
  const count = messageIds.length;
  const batchSentAt = readTime(facts.batchSentAt)?.text ?? "";
  if (count === 0 || count !== keyHashes.length) throw new RangeError(`${count} ids, ${keyHashes.length} key hashes`);
  const sourceBytes = Buffer.byteLength(sourceId);
  const ipBytes = Buffer.byteLength(requestIp);
  const sentBytes = batchSentAt.length; // A date is ASCII.
  if (sourceBytes === 0 || sourceBytes > 255) throw new RangeError(`source id of ${sourceBytes} bytes`);
  if (ipBytes > 255) throw new RangeError(`request_ip of ${ipBytes} bytes`);

  // One write for all the text: a call into the runtime costs more than the few hundred bytes that
  // it copies.
  const ids = messageIds.join("\n");
  const text = sourceId + requestIp + batchSentAt + ids;
  const textAt = fixedBytes + 4 * count;
  const header = Buffer.allocUnsafe(textAt + Buffer.byteLength(text));
  header[0] = format;
  header[1] = 0;
  header[2] = facts.endpoint === "batch" ? 0 : singleEndpoints.indexOf(facts.endpoint) + 1;
  header[3] = sourceBytes;
  header[4] = ipBytes;
  header[5] = sentBytes;
  header.writeUIntLE(facts.receivedAt, 6, 6);
  header.writeUInt32LE(count, 12);
  for (let k = 0, at = fixedBytes; k < count; k++, at += 4) {
    const hash = keyHashes[k]!;
    header[at] = hash;
    header[at + 1] = hash >>> 8;
    header[at + 2] = hash >>> 16;
    header[at + 3] = hash >>> 24;
  }
  header.write(text, textAt, "utf8");
  return { header };
}

/**
 * Reads a header without the payload. Throws an `EngineError`: `PINTLE_RECORD_TOO_NEW` for a format
 * or feature of a newer version, `PINTLE_RECORD_INVALID` for a header that contradicts itself.
 */
export function decodeEventRecord(bytes: Uint8Array): EventRecordFacts {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { endpoint, count, sourceAt, ipAt, sentAt, idsAt } = layoutOf(header);
  const messageIds = header.toString("utf8", idsAt).split("\n");
  if (messageIds.length !== count) throw wrongCount(messageIds.length, count);
  const keyHashes = new Array<number>(count);
  for (let k = 0; k < count; k++) keyHashes[k] = header.readUInt32LE(fixedBytes + 4 * k);
  return {
    receivedAt: header.readUIntLE(6, 6),
    sourceId: header.toString("utf8", sourceAt, ipAt),
    requestIp: header.toString("utf8", ipAt, sentAt),
    endpoint,
    messageIds,
    keyHashes,
    batchSentAt: idsAt === sentAt ? undefined : header.toString("utf8", sentAt, idsAt),
  };
}

/**
 * The source of a record, how many events it has, and where in its header their message ids begin:
 * without an object for any of them.
 *
 * @throws EngineError as `decodeEventRecord`
 */
export function glanceAtRecord(bytes: Uint8Array): {
  readonly sourceId: string;
  readonly count: number;
  readonly sourceAt: number;
  readonly ipAt: number;
  readonly idsAt: number;
} {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, sourceAt, ipAt, idsAt } = layoutOf(header);
  let ids = 1;
  for (let at = idsAt; at < header.length; at++) if (header[at] === lineFeed) ids++;
  if (ids !== count) throw wrongCount(ids, count);
  return { sourceId: header.toString("utf8", sourceAt, ipAt), count, sourceAt, ipAt, idsAt };
}

/** Where the parts of a header are. */
function layoutOf(header: Buffer) {
  if (header.length < fixedBytes) throw invalid(`its header has ${header.length} bytes, not even ${fixedBytes}`);
  if (header[0] !== format) throw tooNew(`format ${header[0]}`);
  if ((header[1]! & ~knownFeatures) !== 0) throw tooNew(`features ${header[1]}`);

  const endpoint = header[2] === 0 ? "batch" : singleEndpoints[header[2]! - 1];
  if (endpoint === undefined) throw invalid(`it names endpoint ${header[2]}`);
  const count = header.readUInt32LE(12);
  const sourceAt = fixedBytes + 4 * count;
  const ipAt = sourceAt + header[3]!;
  const sentAt = ipAt + header[4]!;
  const idsAt = sentAt + header[5]!;
  if (count === 0 || idsAt >= header.length) throw invalid(`${count} events do not fit a header of ${header.length}`);

  return { endpoint, count, sourceAt, ipAt, sentAt, idsAt } as const;
}

function wrongCount(ids: number, events: number): EngineError {
  return invalid(`it lists ${ids} message ids for ${events} events`);
}

/** The events of a record, all of them: see `openRecord`. */
export function eventsOf(record: Pick<EngineRecord, "offset" | "header" | "payload">): RecordEvents {
  const { sourceId, keyHashes, eventAt } = openRecord(record);
  return { sourceId, keyHashes, events: Array.from(keyHashes, (_, index) => eventAt(index)) };
}

/**
 * The events of a record, each completed from its body and the header alone when it is asked for:
 * the same whenever that is. Throws an `EngineError` (`PINTLE_RECORD_INVALID`,
 * `PINTLE_RECORD_TOO_NEW`) for a record that nothing can be made of; `record.offset` is named.
 */
export function openRecord(record: Pick<EngineRecord, "offset" | "header" | "payload">): OpenedRecord {
  try {
    const facts = decodeEventRecord(record.header);
    const bodies = bodiesOf(facts.endpoint, record.payload);
    if (bodies.length !== facts.messageIds.length) {
      throw invalid(`its payload has ${bodies.length} events, its header ${facts.messageIds.length}`);
    }
    const { receivedAt, requestIp, batchSentAt, messageIds } = facts;
    const type = facts.endpoint === "batch" ? undefined : facts.endpoint;
    const odd = bodies.findIndex((body) => typeof body !== "object" || body === null);
    if (odd !== -1) throw invalid(`its event ${odd} is no object`);
    const eventAt = (index: number): DeliveredEvent =>
      completeEvent(bodies[index] as Record<string, unknown>, {
        receivedAt,
        requestIp,
        type,
        messageId: messageIds[index]!,
        batchSentAt,
      });
    return { sourceId: facts.sourceId, keyHashes: facts.keyHashes as number[], eventAt };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `record ${record.offset} of events: ${error.message}`, { cause: error });
  }
}

function bodiesOf(endpoint: Endpoint, payload: Uint8Array): unknown[] {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    // The parser's message quotes the text, and bodies are never shown.
    throw invalid("its payload is not JSON");
  }
  if (endpoint !== "batch") return [body];
  const batch = (body as { batch?: unknown } | null)?.batch;
  if (!Array.isArray(batch)) throw invalid("its payload has no batch");
  return batch;
}

function invalid(reason: string): EngineError {
  return new EngineError("PINTLE_RECORD_INVALID", reason);
}

function tooNew(what: string): EngineError {
  return new EngineError(
    "PINTLE_RECORD_TOO_NEW",
    `${what} is of a newer version of Pintle than this one; run that, or newer`,
  );
}
