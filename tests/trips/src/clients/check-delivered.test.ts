import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivered } from "../support/webhook-sink.ts";
import { checkDelivered } from "./check-delivered.ts";

const sent = {
  event: {
    type: "track",
    messageId: "m1",
    userId: "identified_user_id",
    anonymousId: "anonymousId_1",
    event: "Order Completed",
    properties: { revenue: 29.33, gift: false },
    originalTimestamp: "2026-03-14T15:09:26.500Z",
  },
  batchSentAt: "2026-03-14T15:09:27.000Z",
};
const delivered: Delivered = {
  ...sent.event,
  receivedAt: "2026-03-14T15:10:00.000Z",
  sentAt: "2026-03-14T15:09:27.000Z",
  timestamp: "2026-03-14T15:09:59.500Z",
  request_ip: "127.0.0.1",
  rudderId: "e4cab80e-2f0e-4fa2-87e0-3a4af182634c",
};

test("what the contract adds is right", () => checkDelivered(sent, delivered));

const faults: Record<string, Partial<Record<string, unknown>>> = {
  "a field is lost": { properties: undefined },
  "a value deep inside is changed": { properties: { revenue: 29.33, gift: 0 } },
  "a field is invented": { channel: "server" },
  "another type": { type: "page" },
  "another messageId": { messageId: "m2" },
  "a timestamp that does not correct the client's clock": { timestamp: "2026-03-14T15:09:26.500Z" },
  "a sentAt that is not the batch's": { sentAt: "2026-03-14T15:10:00.000Z" },
  "an originalTimestamp that is not the client's": { originalTimestamp: "2026-03-14T15:10:00.000Z" },
  "another rudderId": { rudderId: "e4cab80e-2f0e-cfa2-87e0-3a4af182634c" },
  "another address": { request_ip: "10.0.0.1" },
  "a receivedAt that is no RFC 3339": { receivedAt: "Sat, 14 Mar 2026 15:10:00 GMT" },
};
for (const [fault, fields] of Object.entries(faults)) {
  test(`${fault}: found`, () => {
    const faulty = Object.fromEntries(
      Object.entries({ ...delivered, ...fields }).filter(([, value]) => value !== undefined),
    );
    assert.throws(() => checkDelivered(sent, faulty as Delivered), assert.AssertionError);
  });
}
