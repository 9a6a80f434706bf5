/** The records of a slot's log: docs/durable-mode.md, "Records". */
import type { Chunk } from "../memory/byte-store.ts";

export const kinds = { messages: 1, acknowledgements: 2, moved: 3 } as const;

const version = 1;
const messagesHead = 8;
const messageBytes = 16;
const movedBytes = 32;
const acknowledgementsHead = 16;
/** Three numbers, of which the first is below 2^53 and the others are below 2^32. */
const mostBytesOfRange = 8 + 5 + 5;

/** Where a message is: the offset of its record, and which message of the record it is. */
export interface MessagePlace {
  readonly offset: number;
  readonly index: number;
}

/** Messages next to each other in one record. */
export interface Range {
  readonly offset: number;
  readonly first: number;
  readonly count: number;
}

export interface Acknowledgements {
  /** The offset below which every message is finished. */
  readonly low: number;
  readonly ranges: readonly Range[];
}

/** What of a message goes into a record. */
export interface RecordInput {
  readonly chunk: Chunk | undefined;
  readonly start: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly lane: number;
}

/** A message as it was read; `bytes` is a view into what was read from the file. */
export interface StoredMessage {
  readonly index: number;
  readonly lane: number;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
  readonly bytes: Uint8Array;
  /** Where it was first, if it has been moved. */
  readonly origin: MessagePlace | undefined;
}

/**
 * The header of messages; with `origins`, of moved ones. `acceptedAt` tells the time of each call,
 * milliseconds since 1970.
 */
export function encodeMessages<Message extends RecordInput>(
  messages: readonly Message[],
  acceptedAt: (message: Message) => number,
  origins?: readonly MessagePlace[],
): Uint8Array {
  const each = origins === undefined ? messageBytes : movedBytes;
  const header = new Uint8Array(messagesHead + messages.length * each);
  const view = new DataView(header.buffer);
  header[0] = origins === undefined ? kinds.messages : kinds.moved;
  header[1] = version;
  view.setUint32(4, messages.length, true);
  let at = messagesHead;
  for (let index = 0; index < messages.length; index++, at += each) {
    const message = messages[index]!;
    view.setUint32(at, message.length, true);
    view.setInt32(at + 4, message.lane, true);
    const time = Math.max(0, acceptedAt(message));
    view.setUint32(at + 8, time >>> 0, true);
    view.setUint16(at + 12, Math.floor(time / 2 ** 32), true);
    if (origins === undefined) continue;
    const origin = origins[index]!;
    view.setUint32(at + 16, origin.offset >>> 0, true);
    view.setUint32(at + 20, Math.floor(origin.offset / 2 ** 32), true);
    view.setUint32(at + 24, origin.index, true);
  }
  return header;
}

/**
 * The bytes of the messages, one behind the other: mostly they lie so in memory already, and then
 * it is a view.
 */
export function payloadOf(messages: readonly RecordInput[]): Uint8Array {
  const first = messages[0];
  if (first === undefined) return new Uint8Array(0);
  let end = first.start;
  let total = 0;
  let isOne = true;
  for (const { chunk, start, length } of messages) {
    isOne &&= chunk === first.chunk && start === end;
    end = start + length;
    total += length;
  }
  if (isOne && first.chunk !== undefined) return first.chunk.bytes.subarray(first.start, end);
  const payload = new Uint8Array(total);
  let at = 0;
  for (const message of messages) {
    payload.set(message.bytes, at);
    at += message.length;
  }
  return payload;
}

/** The messages of a record; undefined if it is no record of this version. */
export function decodeMessages(header: Uint8Array, payload: Uint8Array): StoredMessage[] | undefined {
  const isMoved = header[0] === kinds.moved;
  if ((header[0] !== kinds.messages && !isMoved) || header[1] !== version) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const messages: StoredMessage[] = [];
  const count = view.getUint32(4, true);
  let from = 0;
  for (let index = 0, at = messagesHead; index < count; index++, at += isMoved ? movedBytes : messageBytes) {
    const length = view.getUint32(at, true);
    messages.push({
      index,
      lane: view.getInt32(at + 4, true),
      acceptedAt: view.getUint32(at + 8, true) + view.getUint16(at + 12, true) * 2 ** 32,
      bytes: payload.subarray(from, from + length),
      origin: isMoved
        ? {
            offset: view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * 2 ** 32,
            index: view.getUint32(at + 24, true),
          }
        : undefined,
    });
    from += length;
  }
  return messages;
}

/** @param places ended messages, in any order */
export function encodeAcknowledgements(
  low: number,
  places: readonly MessagePlace[],
): { header: Uint8Array; payload: Uint8Array } {
  const ranges = rangesOf(places);
  const header = new Uint8Array(acknowledgementsHead);
  const view = new DataView(header.buffer);
  header[0] = kinds.acknowledgements;
  header[1] = version;
  view.setUint32(4, ranges.length, true);
  view.setUint32(8, low >>> 0, true);
  view.setUint32(12, Math.floor(low / 2 ** 32), true);
  const payload = new Uint8Array(ranges.length * mostBytesOfRange);
  let at = 0;
  let before = low;
  for (const { offset, first, count } of ranges) {
    at = writeVarint(payload, at, offset - before);
    at = writeVarint(payload, at, first);
    at = writeVarint(payload, at, count);
    before = offset;
  }
  return { header, payload: payload.subarray(0, at) };
}

/** Undefined if it is no record of this version. */
export function decodeAcknowledgements(header: Uint8Array, payload: Uint8Array): Acknowledgements | undefined {
  if (header[0] !== kinds.acknowledgements || header[1] !== version) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const low = view.getUint32(8, true) + view.getUint32(12, true) * 2 ** 32;
  const ranges: Range[] = [];
  let at = 0;
  let offset = low;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = payload[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  for (let left = view.getUint32(4, true); left > 0; left--) {
    offset += next();
    const first = next();
    ranges.push({ offset, first, count: next() });
  }
  return { low, ranges };
}

/** Sorts, and joins neighbours. */
function rangesOf(places: readonly MessagePlace[]): Range[] {
  const sorted = places.toSorted((a, b) => a.offset - b.offset || a.index - b.index);
  const ranges: { offset: number; first: number; count: number }[] = [];
  for (const { offset, index } of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last.offset === offset && last.first + last.count === index) last.count++;
    else ranges.push({ offset, first: index, count: 1 });
  }
  return ranges;
}

function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let at = position;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}
