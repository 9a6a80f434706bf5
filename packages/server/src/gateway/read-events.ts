import { hashUserKey, isObject, parseJson, userKey } from "@pintle/events";
import { checkEvents, cleanMessageId } from "@pintle/events/gateway";
import type { Endpoint } from "../records/event-record.ts";
import { emptyBatch, type GatewayAnswer, noId, notAnEvent, notJson, tooDeep, tooManyEvents } from "./answer.ts";
import type { BodyEvents } from "./body-events.ts";
import { mendJson } from "./mend-json.ts";
import { deepest, isDeeperThan } from "./nesting.ts";
import { oddityOfTime } from "./oddities.ts";
import { scanEvents } from "./scan-events.ts";

/** The events of a body, and the body to store. */
export interface ReadBody {
  readonly events: BodyEvents;
  /** The body as received, unless it had to be mended. */
  readonly payload: Buffer;
  readonly hadByteOrderMark: boolean;
  readonly hadNotANumber: boolean;
}

type JsonObject = { readonly [key: string]: unknown };

/**
 * Reads the events of a body, or gives the answer that refuses it. `newId` makes the message id of
 * an event that has none of its own. A body that is well is only scanned; any other is parsed, to
 * find out what is wrong with it, and mended if it is almost JSON.
 */
export function readEvents(
  body: Buffer,
  endpoint: Endpoint,
  maxEvents: number,
  newId: () => string,
  wantsRanges = false,
): ReadBody | GatewayAnswer {
  const scanned = scanEvents(body, endpoint, maxEvents, newId, wantsRanges);
  const events = scanned ?? parseEvents(body, endpoint, maxEvents, newId);
  if (!("status" in events)) return { events, payload: body, hadByteOrderMark: false, hadNotANumber: false };
  const mended = events === notJson ? mendJson(body) : undefined;
  if (mended === undefined) return events;
  const { body: payload, hadByteOrderMark, hadNotANumber } = mended;
  const again =
    scanEvents(payload, endpoint, maxEvents, newId, wantsRanges) ?? parseEvents(payload, endpoint, maxEvents, newId);
  return "status" in again ? again : { events: again, payload, hadByteOrderMark, hadNotANumber };
}

/**
 * The same by way of JSON.parse: what the scan has to agree with. The checks are in the order of
 * the table in docs/gateway.md.
 *
 * Bytes that are not UTF-8 become U+FFFD here, and do so again whenever the stored body is read
 * (RudderStack's parser replaces them too): an old client's Latin-1 costs it a letter, not the
 * event.
 */
export function parseEvents(
  bytes: Buffer,
  endpoint: Endpoint,
  maxEvents: number,
  newId: () => string,
): BodyEvents | GatewayAnswer {
  const text = bytes.toString("utf8");
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return notJson;
  }
  // Each level takes two characters at least.
  if (text.length > 2 * deepest && isDeeperThan(body, deepest)) return tooDeep;

  let events: readonly unknown[];
  let batchSentAt: unknown;
  if (endpoint === "batch") {
    const batch: unknown = isObject(body) ? body.batch : undefined;
    if (batch === undefined || batch === null) return emptyBatch;
    if (!Array.isArray(batch)) return notAnEvent;
    if (batch.length > maxEvents) return tooManyEvents;
    if (batch.length === 0) return emptyBatch;
    events = batch;
    batchSentAt = (body as JsonObject).sentAt;
  } else {
    events = [body];
  }
  const fault = checkEvents(events);
  if (fault !== undefined) return fault === "object" ? notAnEvent : noId;

  let numericTimes = 0;
  let unreadableTimes = 0;
  const look = (time: unknown): void => {
    const oddity = oddityOfTime(time);
    if (oddity === "numeric_time") numericTimes++;
    if (oddity === "unreadable_time") unreadableTimes++;
  };
  look(batchSentAt);
  const count = events.length;
  const messageIds = new Array<string>(count);
  const keyHashes = new Array<number>(count);
  for (let k = 0; k < count; k++) {
    const event = events[k] as JsonObject;
    messageIds[k] = cleanMessageId(event.messageId) ?? newId();
    keyHashes[k] = hashUserKey(userKey(event));
    look(event.timestamp);
    look(event.originalTimestamp);
    look(event.sentAt);
  }
  return { messageIds, keyHashes, ranges: undefined, batchSentAt, numericTimes, unreadableTimes };
}
