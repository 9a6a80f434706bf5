import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Delivered } from "../support/webhook-sink.ts";
import type { SentEvent } from "../support/wire-tap.ts";

/** What a data plane may add to an event or write anew, and nothing else. */
const added = new Set([
  "messageId",
  "originalTimestamp",
  "receivedAt",
  "request_ip",
  "rudderId",
  "sentAt",
  "timestamp",
  "type",
]);

const rfc3339Utc = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/**
 * Checks an event at a destination against the same event on the wire, field by field: every field
 * that the client sent is there with its value, no other is but those that the gateway adds, and
 * those have the values that RudderStack's contract gives them.
 */
export function checkDelivered({ event, endpointType, batchSentAt }: SentEvent, delivered: Delivered): void {
  const fields = new Set([...Object.keys(event), ...added]);
  assert.deepEqual(Object.keys(delivered).sort(), [...fields].sort(), "the fields of the event");
  for (const [field, value] of Object.entries(event)) {
    if (!added.has(field)) assert.deepEqual(delivered[field], value, field);
  }
  assert.equal(delivered.type, endpointType ?? event.type, "type");
  if (event.messageId !== undefined) assert.equal(delivered.messageId, event.messageId, "messageId");
  assert.equal(delivered.request_ip, event.request_ip ?? "127.0.0.1", "request_ip");
  assert.equal(delivered.rudderId, rudderId(event), "rudderId");

  assert.match(String(delivered.receivedAt), rfc3339Utc);
  const receivedAt = milliseconds(delivered.receivedAt);
  const originalTimestamp = milliseconds(event.originalTimestamp ?? delivered.receivedAt);
  const sentAt = milliseconds(event.sentAt ?? batchSentAt ?? delivered.receivedAt);
  assert.equal(milliseconds(delivered.originalTimestamp), originalTimestamp, "originalTimestamp");
  assert.equal(milliseconds(delivered.sentAt), sentAt, "sentAt");
  const timestamp =
    event.timestamp === undefined ? receivedAt - (sentAt - originalTimestamp) : milliseconds(event.timestamp);
  assert.equal(milliseconds(delivered.timestamp), timestamp, "timestamp");
}

export function milliseconds(time: unknown): number {
  assert.equal(typeof time, "string", `${time} is no time`);
  const at = Date.parse(time as string);
  assert.ok(!Number.isNaN(at), `${time} is no time`);
  return at;
}

/** MD5 of `userId:anonymousId`, with the bits that make it a UUID of version 4. */
function rudderId({ userId = "", anonymousId = "" }: Record<string, unknown>): string {
  const digest = createHash("md5")
    .update(`${userId ?? ""}:${anonymousId ?? ""}`)
    .digest();
  digest[6] = (digest[6]! & 0x0f) | 0x40;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
