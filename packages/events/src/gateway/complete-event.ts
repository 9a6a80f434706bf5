import { looksLikeRfc3339, parseTimestamp } from "../timestamp.ts";
import { idText } from "../user-key.ts";
import { rudderId } from "./rudder-id.ts";

/** What the gateway knows about an event besides its body. All of it is stored, so that every replay completes it alike. */
export interface Arrival {
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** The event's own `request_ip` wins over it. */
  readonly requestIp: string;
  /** The type that the endpoint's name gives (`/v1/track`); absent for batches, whose events carry their own. */
  readonly type?: string | undefined;
  /** The event's own after cleaning, or the one that the gateway made. */
  readonly messageId: string;
  /** The batch's `sentAt`, for events that have none that can be read. */
  readonly batchSentAt?: unknown;
}

/** An event as destinations get it: what the client sent, and what the gateway adds. Times are RFC 3339. */
export interface DeliveredEvent {
  readonly [field: string]: unknown;
  /** One of the six types where the client was well; whatever it sent, or nothing, where it was not. */
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
 * Completes an event: `messageId`, `receivedAt`, `originalTimestamp`, `sentAt`, `timestamp`, `request_ip` and `rudderId`;
 * ids that are not strings become text. Pure: the same event and arrival give the same result. A key `__proto__` is data.
 *
 * A time that the client sent is kept to the letter where it is RFC 3339, and written anew (UTC, milliseconds) where it is
 * another form that can be read. `timestamp` is the event's own, else `receivedAt - (sentAt - originalTimestamp)`: the
 * client's clock may be wrong, and the difference of two of its readings is not; a negative one counts as well. Source of the
 * fields and of this rule: RudderStack's HTTP API. That a batch's `sentAt` counts for events without one is ours.
 */
export function completeEvent(event: Readonly<Record<string, unknown>>, arrival: Arrival): DeliveredEvent {
  const receivedAt = toRfc3339(arrival.receivedAt);
  const original = readTime(event.originalTimestamp);
  const sent = readTime(event.sentAt) ?? readTime(arrival.batchSentAt);
  const own = readTime(event.timestamp);
  const skew = (sent?.at ?? arrival.receivedAt) - (original?.at ?? arrival.receivedAt);

  // The added fields stand before those of the client: V8 copies these quickly onto a shape that it knows, and takes 40 times as long
  // to add fields to a copy. Spread copies a key `__proto__` as data; assigning to it would not, hence no loop over keys here.
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
  textId(completed, "userId");
  textId(completed, "anonymousId");
  completed.messageId = arrival.messageId;
  completed.receivedAt = receivedAt;
  completed.originalTimestamp = original?.text ?? receivedAt;
  completed.sentAt = sent?.text ?? receivedAt;
  completed.timestamp = own?.text ?? toRfc3339(arrival.receivedAt - skew);
  if (typeof event.request_ip !== "string" || event.request_ip === "") completed.request_ip = arrival.requestIp;
  completed.rudderId = rudderId(idText(event.userId), idText(event.anonymousId));
  return completed as unknown as DeliveredEvent;
}

interface Time {
  readonly at: number;
  readonly text: string;
}

function readTime(value: unknown): Time | undefined {
  const at = parseTimestamp(value);
  if (at === undefined) return undefined;
  return { at, text: looksLikeRfc3339(value as string) ? (value as string) : toRfc3339(at) };
}

function textId(event: Record<string, unknown>, field: "userId" | "anonymousId"): void {
  const id = event[field];
  if (id !== undefined && id !== null && typeof id !== "string") event[field] = idText(id);
}

const earliest = Date.parse("0000-01-01T00:00:00.000Z");
const latest = Date.parse("9999-12-31T23:59:59.999Z");

// The events of a batch share the time of their arrival.
let lastAt = 0;
let lastText = new Date(0).toISOString();

/** RFC 3339 with milliseconds, UTC. A skew may lead out of the four-digit years: the result is kept inside them. */
function toRfc3339(milliseconds: number): string {
  if (milliseconds === lastAt) return lastText;
  lastText = new Date(Math.min(Math.max(milliseconds, earliest), latest)).toISOString();
  lastAt = milliseconds;
  return lastText;
}
