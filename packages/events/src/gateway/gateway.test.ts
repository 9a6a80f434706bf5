import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkEvents } from "./check-event.ts";
import { type Arrival, completeEvent } from "./complete-event.ts";
import { cleanMessageId } from "./message-id.ts";
import { rudderId } from "./rudder-id.ts";

const arrival: Arrival = { receivedAt: Date.UTC(2026, 10, 23, 9), requestIp: "10.1.1.1", messageId: "m-1" };
const at = (seconds: number): string => new Date(arrival.receivedAt + seconds * 1000).toISOString();

test("an event is an object with an id", () => {
  const cases: ReadonlyArray<readonly [unknown[], "object" | "id" | undefined]> = [
    [[{ userId: "1" }, { anonymousId: "2" }], undefined],
    [[{ userId: 0 }, { userId: false }, { anonymousId: { a: 1 } }], undefined],
    [[{ userId: null, anonymousId: "" }], "id"],
    [[{ userId: " ", anonymousId: "\t" }], "id"],
    [[{ userId: "\u200b", anonymousId: "\ufeff\u0000" }], "id"],
    [[{ userId: Number.POSITIVE_INFINITY }], "id"],
    [[{}], "id"],
    [[{ userId: "1" }, {}, { userId: "1" }], "id"],
    [[{}, 7], "object"],
    [[null], "object"],
    [[["userId"]], "object"],
    [["userId"], "object"],
    [[], undefined],
  ];
  for (const [events, fault] of cases) assert.equal(checkEvents(events), fault, JSON.stringify(events));
});

test("a messageId is kept without what cannot be seen", () => {
  const cases: ReadonlyArray<readonly [unknown, string | undefined]> = [
    ["abc-123", "abc-123"],
    ["  abc ", "abc"],
    ["a b", "a b"],
    ["a\u200bb\u0000c\ufeff", "abc"],
    ["a\u2028b\ud800", "ab"],
    ["\u3164\u2800", undefined],
    ["\u200b \u00a0", undefined],
    ["é😀", "é😀"],
    ["", undefined],
    [5, "5"],
    [0, "0"],
    [157963456373623803n, "157963456373623803"],
    [Number.POSITIVE_INFINITY, undefined],
    [true, undefined],
    [null, undefined],
    [{}, undefined],
  ];
  for (const [value, expected] of cases) assert.equal(cleanMessageId(value), expected, String(value));
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const once = cleanMessageId(text);
      assert.equal(once === undefined ? undefined : cleanMessageId(once), once);
    }),
  );
});

test("rudderId is RudderStack's", () => {
  assert.equal(rudderId("identified_user_id", "anonymousId_1"), "e4cab80e-2f0e-4fa2-87e0-3a4af182634c");
  fc.assert(
    fc.property(fc.string(), fc.string(), (userId, anonymousId) => {
      assert.match(
        rudderId(userId, anonymousId),
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }),
  );
});

test("times: the client's where they can be read, the gateway's where not", () => {
  const cases: ReadonlyArray<readonly [Record<string, unknown>, unknown, readonly [string, string, string]]> = [
    [{}, undefined, [at(0), at(0), at(0)]],
    [{ timestamp: "1997-01-01T00:00:00.000Z" }, undefined, ["1997-01-01T00:00:00.000Z", at(0), at(0)]],
    [{ timestamp: "1997-01-01" }, undefined, ["1997-01-01T00:00:00.000Z", at(0), at(0)]],
    [{ timestamp: "1997-01-01T00:00:00.123456+05:30" }, undefined, ["1997-01-01T00:00:00.123456+05:30", at(0), at(0)]],
    [{ timestamp: "nonsense" }, undefined, [at(0), at(0), at(0)]],
    [{ originalTimestamp: at(-90), sentAt: at(-60) }, undefined, [at(-30), at(-90), at(-60)]],
    [{ originalTimestamp: at(-60), sentAt: at(-90) }, undefined, [at(30), at(-60), at(-90)]],
    [{ originalTimestamp: at(-90) }, at(-60), [at(-30), at(-90), at(-60)]],
    [{ originalTimestamp: at(-90), sentAt: at(-80) }, at(-60), [at(-10), at(-90), at(-80)]],
    [{ originalTimestamp: at(-90), sentAt: 7 }, at(-60), [at(-30), at(-90), at(-60)]],
    [{ originalTimestamp: at(-90) }, "nonsense", [at(-90), at(-90), at(0)]],
    [{ sentAt: at(-60) }, undefined, [at(60), at(0), at(-60)]],
    [{ timestamp: arrival.receivedAt / 1000 - 5 }, undefined, [at(-5), at(0), at(0)]],
    [{ originalTimestamp: arrival.receivedAt - 5000 }, arrival.receivedAt - 1000, [at(-4), at(-5), at(-1)]],
    // A fast clock: 300 s ahead, the event 2 s before it was sent.
    [{ timestamp: at(298) }, at(300), [at(-2), at(298), at(300)]],
    [{ timestamp: at(298), originalTimestamp: at(297) }, at(300), [at(298), at(297), at(300)]],
    [{ timestamp: at(298), sentAt: at(300) }, at(300), [at(298), at(0), at(300)]],
    [{ timestamp: at(298) }, undefined, [at(298), at(0), at(0)]],
    [{ timestamp: at(298) }, "nonsense", [at(298), at(0), at(0)]],
    [{ timestamp: at(-2) }, at(300), [at(-2), at(0), at(300)]],
    [{ timestamp: at(0) }, at(300), [at(0), at(0), at(300)]],
  ];
  for (const [event, batchSentAt, [timestamp, originalTimestamp, sentAt]] of cases) {
    const completed = completeEvent(event, { ...arrival, batchSentAt });
    assert.deepEqual(
      { timestamp: completed.timestamp, originalTimestamp: completed.originalTimestamp, sentAt: completed.sentAt },
      { timestamp, originalTimestamp, sentAt },
      JSON.stringify([event, batchSentAt]),
    );
  }
});

test("a skew that leads out of the calendar still gives a date", () => {
  const event = { originalTimestamp: "9999-12-31T00:00:00Z", sentAt: "0001-01-01T00:00:00Z" };
  assert.equal(completeEvent(event, arrival).timestamp, "9999-12-31T23:59:59.999Z");
  assert.equal(
    completeEvent({ originalTimestamp: event.sentAt, sentAt: event.originalTimestamp }, arrival).timestamp,
    "0001-01-01T00:00:00.000Z",
  );
});

test("ids become text, the endpoint gives the type, request_ip is the event's own if it has one", () => {
  const completed = completeEvent(
    { type: "page", userId: 42, anonymousId: null, messageId: " x " },
    { ...arrival, type: "track" },
  );
  assert.deepEqual(
    [completed.type, completed.userId, completed.anonymousId, completed.messageId, completed.request_ip],
    ["track", "42", null, "m-1", "10.1.1.1"],
  );
  assert.equal(completed.rudderId, rudderId("42", ""));
  assert.equal(completeEvent({ request_ip: "9.9.9.9" }, arrival).request_ip, "9.9.9.9");
});

test("ids of all four kinds are text, digit for digit", () => {
  const big = 157963456373623803n;
  const {
    userId,
    anonymousId,
    groupId,
    previousId,
    rudderId: id,
  } = completeEvent({ userId: big, anonymousId: { a: big }, groupId: -big, previousId: 7 }, arrival);
  assert.deepEqual([userId, anonymousId, groupId, previousId], [String(big), `{"a":${big}}`, String(-big), "7"]);
  for (const nothing of [{}, []]) {
    const ids = { userId: nothing, anonymousId: nothing, groupId: nothing, previousId: nothing };
    assert.deepEqual({ ...completeEvent(ids, arrival), ...ids }, completeEvent(ids, arrival), "as it was sent");
  }
  assert.equal(completeEvent({ userId: "{}" }, arrival).userId, "{}");
  assert.equal(id, rudderId(String(big), `{"a":${big}}`));
});

test("a type is known whatever its capitals", () => {
  for (const [type, known] of [
    ["Identify", "identify"],
    ["TRACK", "track"],
    ["Merge", "merge"],
    [" Page\n", "page"],
    ["\u00a0screen\t", "screen"],
    ["tracks", "tracks"],
    ["tr ack", "tr ack"],
    [" ", " "],
    [5, 5],
  ]) {
    assert.equal(completeEvent({ type }, arrival).type, known);
  }
  assert.equal("type" in completeEvent({}, arrival), false);
  assert.equal(completeEvent({ type: "PAGE" }, { ...arrival, type: "track" }).type, "track");
});

test("__proto__ is carried as data and pollutes nothing", () => {
  const event = JSON.parse('{"userId":"1","__proto__":{"polluted":true},"properties":{"__proto__":{"deep":1}}}');
  const completed = completeEvent(event, arrival);
  assert.equal((completed as { polluted?: unknown }).polluted, undefined);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  const text = JSON.stringify(completed);
  assert.ok(text.includes('"__proto__":{"polluted":true}') && text.includes('"__proto__":{"deep":1}'), text);
});

test("whatever JSON a client sends comes out whole, and the original is untouched", () => {
  const own = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(own, (event) => {
      const before = JSON.stringify(event);
      const completed = completeEvent(event, arrival);
      assert.equal(JSON.stringify(event), before);
      const added = new Set([
        "messageId",
        "receivedAt",
        "originalTimestamp",
        "sentAt",
        "timestamp",
        "request_ip",
        "rudderId",
        "userId",
        "anonymousId",
      ]);
      for (const key of Object.keys(event)) if (!added.has(key)) assert.deepEqual(completed[key], event[key]);
      assert.deepEqual(
        completeEvent(JSON.parse(JSON.stringify(event)), arrival),
        JSON.parse(JSON.stringify(completed)),
      );
    }),
  );
});
