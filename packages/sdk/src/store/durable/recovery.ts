import type { Damage, Log, LogReader, LogRecord } from "@pintle/log";
import { durableError } from "./durable-errors.ts";
import { Finished } from "./finished.ts";
import { decodeAcknowledgements, decodeMessages, type MessagePlace, type StoredMessage } from "./record.ts";

/** Bytes of the log that are read at once. */
const scanBytes = 1024 * 1024;

/** A message that has been moved, and where it is now. */
export type MovedMessage = StoredMessage & MessagePlace;

/** What a process has left in its slot: messages that are not finished. */
export interface LeftMessages {
  /** The moved messages, which come first, in this order. There are few: they are in memory. */
  readonly moved: readonly MovedMessage[];
  /** The others are in the records from here on, not finished, and not in memory. */
  readonly from: number;
  readonly count: number;
  readonly bytes: number;
  readonly damage: readonly Damage[];
}

/**
 * Reads all of a log for what is finished. Rejects with PINTLE_DURABLE_REFUSED for records that a
 * newer version has written.
 */
export async function findFinished(log: Log, reader: LogReader): Promise<Finished> {
  const finished = new Finished();
  /** Where each message was moved to last, by its origin. */
  const moves = new Map<string, MessagePlace>();
  const { end } = log;
  for (let at = log.start; at < end; ) {
    const { records, next } = await reader.read(at, { end, maxBytes: scanBytes });
    for (const record of records) readRecord(record, finished, moves, log.directory);
    at = next;
  }
  return finished;
}

function readRecord(record: LogRecord, finished: Finished, moves: Map<string, MessagePlace>, directory: string): void {
  const { offset, header, payload } = record;
  const acknowledgements = decodeAcknowledgements(header, payload);
  if (acknowledgements !== undefined) {
    finished.apply(acknowledgements);
    return;
  }
  const messages = decodeMessages(header, payload);
  if (messages === undefined) {
    const what = `${directory} has a record of kind ${header[0]}, version ${header[1]}, at offset ${offset}`;
    throw durableError("PINTLE_DURABLE_REFUSED", `${what}, which a newer version of the SDK has written`);
  }
  // What has been moved is not at its old places any more: neither at the first, nor at one in
  // between.
  for (const { origin, index } of messages) {
    if (origin === undefined) continue;
    const key = `${origin.offset} ${origin.index}`;
    const before = moves.get(key) ?? origin;
    finished.add(before.offset, before.index);
    moves.set(key, { offset, index });
  }
}

/** Reads a log from where not everything is finished, and counts what is left. */
export async function findLeft(log: Log, reader: LogReader, finished: Finished): Promise<LeftMessages> {
  const from = Math.max(finished.low, log.start);
  const damage = [...log.damage];
  const moved: MovedMessage[] = [];
  let count = 0;
  let bytes = 0;
  const { end } = log;
  for (let at = from; at < end; ) {
    const part = await reader.read(at, { end, maxBytes: scanBytes });
    for (const { offset, header, payload } of part.records) {
      for (const message of decodeMessages(header, payload) ?? []) {
        if (finished.has(offset, message.index)) continue;
        if (message.origin !== undefined) {
          moved.push({ ...message, offset, bytes: message.bytes.slice() });
        } else {
          count++;
          bytes += message.bytes.length;
        }
      }
    }
    damage.push(...part.damage);
    at = part.next;
  }
  return { moved: moved.sort(byOrigin), from, count, bytes, damage };
}

function byOrigin({ origin: a }: MovedMessage, { origin: b }: MovedMessage): number {
  return a!.offset - b!.offset || a!.index - b!.index;
}
