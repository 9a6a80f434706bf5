import { readTime, type Time, toRfc3339 } from "../timestamp.ts";
import { idText } from "../user-key.ts";
import { arrivalTime, isClockReading } from "./client-times.ts";
import { knownType } from "./known-type.ts";
import { rudderId } from "./rudder-id.ts";

/**
 * What the gateway knows about an event besides its body. All of it is stored, so that every replay
 * completes it alike.
 */
export interface Arrival {
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** The event's own `request_ip` wins over it. */
  readonly requestIp: string;
  /**
   * The type that the endpoint's name gives (`/v1/track`); absent for batches, whose events carry
   * their own.
   */
  readonly type?: string | undefined;
  /** The event's own after cleaning, or the one that the gateway made. */
  readonly messageId: string;
  /** The batch's `sentAt`, for events that have none that can be read. */
  readonly batchSentAt?: unknown;
}

/**
 * An event as destinations get it: what the client sent, and what the gateway adds. Times are RFC
 * 3339.
 */
export interface DeliveredEvent {
  readonly [field: string]: unknown;
  /**
   * One of the six types where the client was well; whatever it sent, or nothing, where it was not.
   */
  readonly type?: unknown;
  readonly messageId: string;
  readonly receivedAt: string;
  readonly originalTimestamp: string;
  readonly sentAt: string;
  readonly timestamp: string;
  readonly request_ip: string;
  readonly rudderId: string;
}

/**
 * Completes an event: `messageId`, `receivedAt`, `originalTimestamp`, `sentAt`, `timestamp`,
 * `request_ip` and `rudderId`; ids that are not strings become text, but for an empty object or
 * list, which says nothing. Pure: the same event and arrival give the same result. A key
 * `__proto__` is data.
 *
 * A time that the client sent is kept to the letter where it is RFC 3339, and written anew (UTC,
 * milliseconds) where it is another form that can be read. `timestamp` is the event's own, else
 * `receivedAt - (sentAt - originalTimestamp)`: the client's clock may be wrong, and the difference
 * of two of its readings is not; a negative one counts as well. Source of the fields and of this
 * rule: RudderStack's HTTP API. That a batch's `sentAt` counts for events without one is ours; and
 * so is that a `timestamp` later than `receivedAt`, beside such a `sentAt` and without
 * `originalTimestamp`, is taken for that one: SDKs of Segment write the client's clock there, and a
 * clock that is fast dates events into the future.
 */
export function completeEvent(event: Readonly<Record<string, unknown>>, arrival: Arrival): DeliveredEvent {
  const receivedAt = toRfc3339(arrival.receivedAt);
  const ownSent = readTime(event.sentAt);
  const sent = ownSent ?? readTime(arrival.batchSentAt);
  let original = readTime(event.originalTimestamp);
  let own = readTime(event.timestamp);
  const { receivedAt: arrivedAt } = arrival;
  if (isClockReading(atOf(own), atOf(original), atOf(ownSent), atOf(sent), arrivedAt)) {
    original = own;
    own = undefined;
  }

  // The added fields stand before those of the client: V8 copies these quickly onto a shape that it
  // knows, and takes 40 times as long to add fields to a copy. Spread copies a key `__proto__` as
  // data; assigning to it would not, hence no loop over keys here.
  const completed: Record<string, unknown> = {
    messageId: "",
    receivedAt: "",
    originalTimestamp: "",
    sentAt: "",
    timestamp: "",
    request_ip: "",
    rudderId: "",
    ...event,
  };
  if (arrival.type !== undefined) completed.type = arrival.type;
  else if (typeof event.type === "string") completed.type = knownType(event.type) ?? event.type;
  const { userId, anonymousId, groupId, previousId } = event;
  if (isNoText(userId)) completed.userId = idText(userId);
  if (isNoText(anonymousId)) completed.anonymousId = idText(anonymousId);
  if (isNoText(groupId)) completed.groupId = idText(groupId);
  if (isNoText(previousId)) completed.previousId = idText(previousId);
  completed.messageId = arrival.messageId;
  completed.receivedAt = receivedAt;
  completed.originalTimestamp = original?.text ?? receivedAt;
  completed.sentAt = sent?.text ?? receivedAt;
  completed.timestamp = own?.text ?? toRfc3339(arrivalTime(atOf(sent), atOf(original), arrivedAt));
  if (typeof event.request_ip !== "string" || event.request_ip === "") completed.request_ip = arrival.requestIp;
  completed.rudderId = rudderId(idText(userId), idText(anonymousId));
  return completed as unknown as DeliveredEvent;
}

function atOf(time: Time | undefined): number {
  return time?.at ?? Number.NaN;
}

/**
 * Whether an id is there and is no text yet. An empty object or list stays what it is: as a text it
 * would name somebody.
 */
function isNoText(id: unknown): boolean {
  if (typeof id === "string" || id === undefined || id === null) return false;
  return typeof id !== "object" || Object.keys(id).length > 0;
}
