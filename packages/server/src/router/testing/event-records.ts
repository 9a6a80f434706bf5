import { hashUserKey, stringifyJson, userKey } from "@pintle/events";
import type { NewRecord } from "../../engine/engine.ts";
import { encodeEventRecord } from "../../records/event-record.ts";

export interface TestEvent {
  readonly messageId: string;
  readonly userId?: string;
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** A record of `events` as the gateway writes it: tracks, unless they say otherwise. */
export function eventRecord(events: readonly TestEvent[], sourceId = "shop"): NewRecord {
  const batch = events.map((event) => ({ type: "track", event: "Test", userId: "u", ...event }));
  return {
    ...encodeEventRecord({
      receivedAt: Date.parse("2026-01-01T00:00:00Z"),
      sourceId,
      requestIp: "192.0.2.1",
      endpoint: "batch",
      messageIds: events.map(({ messageId }) => messageId),
      keyHashes: batch.map((event) => hashUserKey(userKey(event))),
    }),
    payload: Buffer.from(stringifyJson({ batch })),
  };
}
