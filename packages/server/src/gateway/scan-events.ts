import { hashUserKey, murmur2, parseJson, userKey } from "@pintle/events";
import { cleanMessageId } from "@pintle/events/gateway";
import type { Endpoint } from "../records/event-record.ts";
import { plainNameEnd, skipColon, skipSpace, valueEnd } from "../records/json-bytes.ts";
import type { BodyEvents } from "./body-events.ts";
import {
  isAnonymousId,
  isBatch,
  isMessageId,
  isOriginalTimestamp,
  isSentAt,
  isTimestamp,
  isUserId,
} from "./event-keys.ts";
import { deepest } from "./nesting.ts";
import { oddityOfTime } from "./oddities.ts";
import { isUsualTime } from "./usual-time.ts";

/*
 * Reads what the gateway has to know about the events of a body without parsing it: the body is
 * stored as it is, so objects for all that is in it would be made for nothing. Checks the whole
 * grammar of JSON (RFC 8259) on the bytes, and takes the values of a few keys on two levels. Takes
 * a third of the time of JSON.parse, and makes a tenth of its garbage.
 *
 * It only ever says yes. Whatever is wrong, and whatever is rare enough not to be worth a line here
 * (an escape in a name, `batch` twice, nesting beyond the bound), it leaves to JSON.parse, which
 * gives the reason. So it is right if its yes is what JSON.parse would have led to, in everything,
 * and a property test compares the two.
 */

/**
 * `undefined`: not read; JSON.parse has to tell. Else the same as `parseEvents` gives for the same
 * bytes.
 */
export function scanEvents(
  bytes: Buffer,
  endpoint: Endpoint,
  maxEvents: number,
  newId: () => string,
  wantsRanges = false,
): BodyEvents | undefined {
  const scan = new BodyScan(bytes, maxEvents, wantsRanges);
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== openBrace) return undefined;
  const end = endpoint === "batch" ? scan.batchEnd(start + 1) : scan.eventEnd(start + 1, deepest);
  if (end === failed || skipSpace(bytes, end) !== bytes.length || scan.messageIds.length === 0) return undefined;
  const messageIds = scan.messageIds as string[];
  for (let k = 0; k < messageIds.length; k++) messageIds[k] ??= newId();
  const { keyHashes, ranges, batchSentAt, numericTimes, unreadableTimes } = scan;
  return { messageIds, keyHashes, ranges, batchSentAt, numericTimes, unreadableTimes };
}

// As in json-bytes.ts, and not imported: V8 loads a constant of another module anew each time,
// which costs two thirds more.
const failed = -1;
const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

class BodyScan {
  /** The cleaned id of each event, `undefined` where one has to be made. */
  readonly messageIds: (string | undefined)[] = [];
  readonly keyHashes: number[] = [];
  /** Where each event of a batch begins and ends, in pairs; `undefined`: nobody wants to know. */
  readonly ranges: number[] | undefined;
  batchSentAt: unknown;
  numericTimes = 0;
  unreadableTimes = 0;
  readonly #bytes: Buffer;
  readonly #maxEvents: number;

  constructor(bytes: Buffer, maxEvents: number, wantsRanges: boolean) {
    this.#bytes = bytes;
    this.#maxEvents = maxEvents;
    this.ranges = wantsRanges ? [] : undefined;
  }

  /** Finds the position after a batch's `}`, from the one after its `{`. */
  batchEnd(from: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, from);
    if (bytes[at] === closeBrace) return failed;
    let seen = false;
    for (;;) {
      const name = at + 1;
      const nameEnd = plainNameEnd(bytes, at);
      if (nameEnd === failed) return failed;
      at = skipColon(bytes, nameEnd + 1);
      if (at === failed) return failed;
      if (nameEnd - name === 5 && isBatch(bytes, name)) {
        // The last one would count, but nobody sends two.
        if (seen || bytes[at] !== openBracket) return failed;
        seen = true;
        at = this.#eventsEnd(at + 1);
      } else {
        const end = valueEnd(bytes, at, deepest - 1);
        if (end !== failed && nameEnd - name === 6 && isSentAt(bytes, name)) this.batchSentAt = valueAt(bytes, at, end);
        at = end;
      }
      if (at === failed) return failed;
      at = skipSpace(bytes, at);
      if (bytes[at] === closeBrace) break;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
    this.#count(oddityOfTime(this.batchSentAt));
    return at + 1;
  }

  /** Finds the position after a batch's `]`, from the one after its `[`. */
  #eventsEnd(from: number): number {
    const bytes = this.#bytes;
    let at = skipSpace(bytes, from);
    for (;;) {
      if (bytes[at] !== openBrace || this.messageIds.length === this.#maxEvents) return failed;
      const start = at;
      at = this.eventEnd(at + 1, deepest - 2);
      if (at === failed) return failed;
      this.ranges?.push(start, at);
      at = skipSpace(bytes, at);
      if (bytes[at] === closeBracket) return at + 1;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
  }

  /**
   * Finds the position after an event's `}`, from the one after its `{`. `levels`: how deep it may
   * be, itself included.
   */
  eventEnd(from: number, levels: number): number {
    const bytes = this.#bytes;
    // Where the values begin and end; of a name that occurs twice the last one counts.
    let userId = 0;
    let userIdEnd = 0;
    let anonymousId = 0;
    let anonymousIdEnd = 0;
    let messageId = 0;
    let messageIdEnd = 0;
    // Which times have been looked at, a bit for each.
    let times = 0;
    let at = skipSpace(bytes, from);
    for (;;) {
      const name = at + 1;
      const nameEnd = plainNameEnd(bytes, at);
      if (nameEnd === failed) return failed;
      at = skipColon(bytes, nameEnd + 1);
      if (at === failed) return failed;
      const end = valueEnd(bytes, at, levels - 1);
      if (end === failed) return failed;
      switch (nameEnd - name) {
        case 6:
          if (isUserId(bytes, name)) {
            userId = at;
            userIdEnd = end;
          } else if (isSentAt(bytes, name)) {
            // The last one would count, but nobody sends two.
            if ((times & 1) !== 0) return failed;
            times |= 1;
            this.#look(at, end);
          }
          break;
        case 9:
          if (isMessageId(bytes, name)) {
            messageId = at;
            messageIdEnd = end;
          } else if (isTimestamp(bytes, name)) {
            if ((times & 2) !== 0) return failed;
            times |= 2;
            this.#look(at, end);
          }
          break;
        case 11:
          if (isAnonymousId(bytes, name)) {
            anonymousId = at;
            anonymousIdEnd = end;
          }
          break;
        case 17:
          if (isOriginalTimestamp(bytes, name)) {
            if ((times & 4) !== 0) return failed;
            times |= 4;
            this.#look(at, end);
          }
          break;
      }
      at = skipSpace(bytes, end);
      if (bytes[at] === closeBrace) break;
      if (bytes[at] !== comma) return failed;
      at = skipSpace(bytes, at + 1);
    }
    const hash = keyHash(bytes, userId, userIdEnd) ?? keyHash(bytes, anonymousId, anonymousIdEnd);
    if (hash === undefined) return failed;
    this.keyHashes.push(hash);
    this.messageIds.push(messageId === 0 ? undefined : cleanMessageId(valueAt(bytes, messageId, messageIdEnd)));
    return at + 1;
  }

  /** Whether something is odd about the time from `from` to `end`. */
  #look(from: number, end: number): void {
    if (isUsualTime(this.#bytes, from, end)) return;
    this.#count(oddityOfTime(valueAt(this.#bytes, from, end)));
  }

  #count(oddity: ReturnType<typeof oddityOfTime>): void {
    if (oddity === "numeric_time") this.numericTimes++;
    if (oddity === "unreadable_time") this.unreadableTimes++;
  }
}

/**
 * The hash of the user key (murmur2 of its UTF-8 bytes) that the id from `from` to `end` makes, if
 * it makes one; 0 to 0: there is no id.
 */
function keyHash(bytes: Buffer, from: number, end: number): number | undefined {
  if (isPlainText(bytes, from, end)) return murmur2(bytes, from + 1, end - 1);
  const key = end === 0 ? "" : userKey({ userId: valueAt(bytes, from, end) });
  return key === "" ? undefined : hashUserKey(key);
}

/**
 * Whether a value is a string that stands for itself, byte for byte, and begins with something that
 * can be seen.
 */
function isPlainText(bytes: Buffer, from: number, end: number): boolean {
  if (bytes[from] !== quote || bytes[from + 1]! <= 0x22 || bytes[from + 1]! >= 0x7f) return false;
  for (let at = from + 1; at < end; at++) if (bytes[at]! >= 0x80 || bytes[at] === backslash) return false;
  return true;
}

/** A value that was found to be well-formed. */
function valueAt(bytes: Buffer, from: number, end: number): unknown {
  if (bytes[from] === quote) {
    let at = from + 1;
    while (at < end && bytes[at]! < 0x80 && bytes[at] !== backslash) at++;
    if (at === end) return bytes.toString("latin1", from + 1, end - 1);
  }
  return parseJson(bytes.toString("utf8", from, end));
}
