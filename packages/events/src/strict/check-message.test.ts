import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Message, messageTypes } from "../message.ts";
import { checkMessage } from "./check-message.ts";

const good: readonly Message[] = [
  { type: "identify", userId: "1" },
  { type: "identify", anonymousId: 7, traits: { plan: "Free", since: new Date(0) } },
  { type: "track", userId: "1", event: "Signed Up", timestamp: "2026-11-23T09:00:00Z" },
  {
    type: "track",
    userId: 0,
    event: "x",
    timestamp: new Date(0),
    integrations: { All: false, Slack: { channel: "a" } },
  },
  { type: "page", userId: "1", name: "Pizza", category: "Food", properties: {} },
  { type: "screen", userId: "1", name: "Home", context: { ip: "10.0.0.1" } },
  { type: "group", userId: "1", groupId: 5, traits: {} },
  { type: "alias", userId: "2", previousId: "1", messageId: "m" },
];

test("good messages break no rule", () => {
  for (const message of good) assert.equal(checkMessage(message), undefined, JSON.stringify(message));
});

test("a page and a screen without a name are accepted, as by the Go SDK", () => {
  assert.equal(checkMessage({ type: "page", userId: "1" }), undefined);
  assert.equal(checkMessage({ type: "screen", userId: "1", name: "" }), undefined);
});

test("each rule refuses with type, field and value", () => {
  const cases: ReadonlyArray<readonly [unknown, string, string, string]> = [
    [undefined, "PINTLE_EVENT_NOT_OBJECT", "event", ""],
    [null, "PINTLE_EVENT_NOT_OBJECT", "event", ""],
    ["track", "PINTLE_EVENT_NOT_OBJECT", "event", ""],
    [[], "PINTLE_EVENT_NOT_OBJECT", "event", ""],
    [{ userId: "1" }, "PINTLE_EVENT_TYPE", "event", "type"],
    [{ type: "Track", userId: "1" }, "PINTLE_EVENT_TYPE", "event", "type"],
    [{ type: "constructor", userId: "1" }, "PINTLE_EVENT_TYPE", "event", "type"],
    [{ type: "track", event: "x" }, "PINTLE_EVENT_WITHOUT_ID", "track", "userId"],
    [{ type: "track", userId: "", anonymousId: "", event: "x" }, "PINTLE_EVENT_WITHOUT_ID", "track", "userId"],
    [{ type: "track", userId: true, event: "x" }, "PINTLE_EVENT_FIELD_TYPE", "track", "userId"],
    [{ type: "track", userId: Number.NaN, event: "x" }, "PINTLE_EVENT_FIELD_TYPE", "track", "userId"],
    [{ type: "track", userId: "1", anonymousId: {}, event: "x" }, "PINTLE_EVENT_FIELD_TYPE", "track", "anonymousId"],
    [{ type: "track", userId: "1" }, "PINTLE_EVENT_FIELD_MISSING", "track", "event"],
    [{ type: "track", userId: "1", event: "" }, "PINTLE_EVENT_FIELD_MISSING", "track", "event"],
    [{ type: "track", userId: "1", event: 5 }, "PINTLE_EVENT_FIELD_TYPE", "track", "event"],
    [{ type: "track", userId: "1", event: "x", properties: [] }, "PINTLE_EVENT_FIELD_TYPE", "track", "properties"],
    [
      { type: "track", userId: "1", event: "x", properties: new Date() },
      "PINTLE_EVENT_FIELD_TYPE",
      "track",
      "properties",
    ],
    [{ type: "identify", userId: "1", traits: "rich" }, "PINTLE_EVENT_FIELD_TYPE", "identify", "traits"],
    [{ type: "page", userId: "1", name: 5 }, "PINTLE_EVENT_FIELD_TYPE", "page", "name"],
    [{ type: "screen", userId: "1", category: {} }, "PINTLE_EVENT_FIELD_TYPE", "screen", "category"],
    [{ type: "group", userId: "1" }, "PINTLE_EVENT_FIELD_MISSING", "group", "groupId"],
    [{ type: "group", userId: "1", groupId: [] }, "PINTLE_EVENT_FIELD_TYPE", "group", "groupId"],
    [{ type: "alias", userId: "1", previousId: "" }, "PINTLE_EVENT_FIELD_MISSING", "alias", "previousId"],
    [{ type: "identify", userId: "1", messageId: 5 }, "PINTLE_EVENT_FIELD_TYPE", "identify", "messageId"],
    [{ type: "identify", userId: "1", context: "web" }, "PINTLE_EVENT_FIELD_TYPE", "identify", "context"],
    [{ type: "identify", userId: "1", integrations: true }, "PINTLE_EVENT_FIELD_TYPE", "identify", "integrations"],
    [{ type: "identify", userId: "1", timestamp: "yesterday" }, "PINTLE_EVENT_FIELD_TYPE", "identify", "timestamp"],
    [
      { type: "identify", userId: "1", timestamp: new Date(Number.NaN) },
      "PINTLE_EVENT_FIELD_TYPE",
      "identify",
      "timestamp",
    ],
    [{ type: "identify", userId: "1", timestamp: 5 }, "PINTLE_EVENT_FIELD_TYPE", "identify", "timestamp"],
  ];
  for (const [message, code, type, field] of cases) {
    const error = checkMessage(message);
    assert.ok(error, JSON.stringify(message));
    assert.deepEqual([error.code, error.type, error.field], [code, type, field], JSON.stringify(message));
    assert.ok(error.message.startsWith(field === "" ? type : `${type}: ${field}`), error.message);
  }
});

test("whatever is given is judged, never thrown at", () => {
  const anyField = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
  const almost = fc.record(
    {
      type: fc.constantFrom(...messageTypes),
      userId: anyField,
      event: anyField,
      groupId: anyField,
      traits: anyField,
      timestamp: anyField,
    },
    { requiredKeys: ["type"] },
  );
  fc.assert(
    fc.property(fc.oneof(anyField, almost), (message) => {
      checkMessage(message);
    }),
  );
});
