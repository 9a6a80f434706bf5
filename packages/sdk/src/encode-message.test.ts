import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "@pintle/events";
import fc from "fast-check";
import { decodeMessage, sentAtSuffix, suffixBytes } from "./encode.ts";
import { encodeMessage } from "./encode-message.ts";
import { properties } from "./helpers/properties.ts";
import { traits } from "./helpers/traits.ts";
import { encodeBody } from "./send/body.ts";
import { QueueEntry } from "./store/entry.ts";
import { ByteStore } from "./store/memory/byte-store.ts";
import { sizeInRequest } from "./store/memory/queue.ts";
import { version } from "./version.ts";

const envelope = { messageId: "id", originalTimestamp: "2026-01-01T00:00:00.000Z", base: undefined };
const common = { messageId: "id", channel: "server", originalTimestamp: "2026-01-01T00:00:00.000Z" };
const library = { name: "@pintle/sdk", version };

/** As a data plane reads it. */
function wire(message: object, more: object = {}): unknown {
  return JSON.parse(`${encodeMessage(message as Message, { ...envelope, ...more })}}`);
}

test("every type with all its fields", () => {
  const shared = { userId: "u", anonymousId: "a", integrations: { All: true }, timestamp: "2026-02-01T00:00:00Z" };
  const own = [
    { type: "identify", traits: { a: 1 } },
    { type: "track", event: "Paid", properties: { a: 1 } },
    { type: "page", name: "Home", category: "c", properties: {} },
    { type: "screen", name: "Home", category: "c", properties: {} },
    { type: "group", groupId: "g", traits: {} },
    { type: "alias", previousId: "p", traits: {} },
  ];
  for (const fields of own) {
    assert.deepEqual(wire({ ...shared, ...fields }), { ...common, ...shared, ...fields, context: { library } });
  }
});

test("numbers as ids become strings; null and undefined are left out; fields that nobody knows, too", () => {
  assert.deepEqual(
    wire({
      type: "group",
      userId: 5,
      anonymousId: null,
      groupId: 7,
      timestamp: null,
      context: null,
      request_ip: "1",
      traits: { x: undefined, y: null },
    }),
    { ...common, type: "group", userId: "5", groupId: "7", traits: { y: null }, context: { library } },
  );
});

test("dates anywhere, 0, false, helpers and hostile keys arrive as they should", () => {
  const at = new Date("2026-03-01T00:00:00Z");
  const message = {
    type: "identify",
    userId: "u",
    timestamp: at,
    traits: traits().setFirstName("A").set("since", at),
    context: { location: { latitude: 0 }, direct: false, nested: [{ at }], library: { name: "forged" } },
  };
  assert.deepEqual(wire(message), {
    ...common,
    type: "identify",
    userId: "u",
    timestamp: at.toISOString(),
    traits: { firstName: "A", since: at.toISOString() },
    context: { location: { latitude: 0 }, direct: false, nested: [{ at: at.toISOString() }], library },
  });
  assert.deepEqual(wire({ type: "track", userId: "u", event: "e", properties: properties().setSKU("s") }), {
    ...common,
    type: "track",
    userId: "u",
    event: "e",
    properties: { sku: "s" },
    context: { library },
  });
  const hostile = JSON.parse('{"__proto__":{"polluted":true}}') as object;
  assert.match(
    encodeMessage(
      { type: "track", userId: "u", event: "e", properties: hostile, context: hostile } as Message,
      envelope,
    ),
    /"__proto__":\{"polluted":true\}.*"__proto__"/,
  );
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("what JSON.stringify refuses is refused", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const value of [
    1n,
    cycle,
    {
      toJSON() {
        throw new Error("no");
      },
    },
    {
      get a() {
        throw new Error("no");
      },
    },
  ]) {
    assert.throws(() => wire({ type: "track", userId: "u", event: "e", properties: { value } }));
  }
});

test("the fast way gives what JSON.stringify gives", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string());
  fc.assert(
    fc.property(text, text, text, fc.dictionary(text, fc.jsonValue()), (userId, event, messageId, properties) => {
      const message = { type: "track", userId, event, properties };
      const expected = { type: "track", ...common, messageId, userId, event, properties, context: { library } };
      assert.deepEqual(wire(message, { messageId }), JSON.parse(JSON.stringify(expected)));
    }),
  );
});

test("a body is the messages with the time of the attempt, as many bytes as was reckoned", () => {
  const sentAt = "2026-01-02T03:04:05.678Z";
  assert.equal(sentAtSuffix(sentAt).length, suffixBytes);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }), (events) => {
      const store = new ByteStore();
      const entries = events.map((event) => {
        const entry = new QueueEntry(0, 0);
        assert.ok(store.write(entry, encodeMessage({ type: "track", userId: "u", event }, envelope), 1e6));
        return entry;
      });
      const body = encodeBody(entries, sentAt);
      assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), {
        batch: entries.map((entry) => ({ ...decodeMessage(entry.bytes), sentAt })),
      });
      // `{"batch":[` and `]}`, less the comma that the last one has no need of.
      assert.equal(body.length, 12 - 1 + entries.reduce((sum, entry) => sum + sizeInRequest(entry), 0));
    }),
  );
});
