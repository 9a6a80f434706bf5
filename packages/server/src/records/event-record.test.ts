import assert from "node:assert/strict";
import { test } from "node:test";
import { hashUserKey, userKey } from "@pintle/events";
import { cleanMessageId } from "@pintle/events/gateway";
import fc from "fast-check";
import { EngineError } from "../engine/engine-error.ts";
import {
  decodeEventRecord,
  type Endpoint,
  type EventRecordFacts,
  encodeEventRecord,
  eventsOf,
  singleEndpoints,
} from "./event-record.ts";

const receivedAt = Date.UTC(2026, 10, 23, 9, 30);

function facts(changes: Partial<EventRecordFacts> = {}): EventRecordFacts {
  return {
    receivedAt,
    sourceId: "shop",
    requestIp: "192.0.2.7",
    endpoint: "batch",
    messageIds: ["m-1"],
    keyHashes: [7],
    ...changes,
  };
}

function record(changes: Partial<EventRecordFacts>, body: unknown, offset = 5) {
  const payload = typeof body === "string" ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  return { offset, header: encodeEventRecord(facts(changes)).header, payload };
}

test("the layout is the one that docs/event-record.md gives", () => {
  const { header } = encodeEventRecord(
    facts({ messageIds: ["m-1", "é"], keyHashes: [1, 0xfffffffe], batchSentAt: "2026-11-23" }),
  );
  const at = Buffer.alloc(6);
  at.writeUIntLE(receivedAt, 0, 6);
  assert.equal(
    Buffer.from(header).toString("hex"),
    [
      "01", // format
      "00", // features
      "00", // endpoint: batch
      "04", // length of the source's id
      "09", // length of request_ip
      "18", // length of the batch's sentAt
      at.toString("hex"),
      "02000000", // number of events
      "01000000",
      "feffffff",
      Buffer.from("shop192.0.2.72026-11-23T00:00:00.000Zm-1\né").toString("hex"),
    ].join(""),
  );
});

test("what goes into a header comes out again", () => {
  const id = fc
    .string({ unit: "binary", minLength: 1 })
    .map((text) => cleanMessageId(text))
    .filter((text) => text !== undefined);
  const events = fc.array(fc.tuple(id, fc.nat(0xffffffff)), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(
      events,
      fc.constantFrom<Endpoint>("batch", ...singleEndpoints),
      fc.stringMatching(/^[a-z0-9_-]{1,64}$/),
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("")),
      fc.nat(2 ** 43),
      fc.option(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
        { nil: undefined },
      ),
      (pairs, endpoint, sourceId, requestIp, at, batchSentAt) => {
        const given: EventRecordFacts = {
          receivedAt: at,
          sourceId,
          requestIp,
          endpoint,
          messageIds: pairs.map(([text]) => text),
          keyHashes: pairs.map(([, hash]) => hash),
          batchSentAt,
        };
        assert.deepEqual(decodeEventRecord(encodeEventRecord(given).header), given);
      },
    ),
  );
});

test("the batch's sentAt is kept only where it is a date", () => {
  for (const batchSentAt of ["", "soon", 5, null, {}, "\ud83d", "x".repeat(300)]) {
    assert.equal(decodeEventRecord(encodeEventRecord(facts({ batchSentAt })).header).batchSentAt, undefined);
  }
});

test("a batch becomes its events, completed from the header", () => {
  const batch = [
    { type: "track", userId: "u1", event: "A", messageId: "own" },
    { type: "page", anonymousId: 7, originalTimestamp: "2026-11-23T09:00:00.000Z" },
  ];
  const keyHashes = batch.map((event) => hashUserKey(userKey(event)));
  const { sourceId, events, ...rest } = eventsOf(
    record({ messageIds: ["own", "made"], keyHashes, batchSentAt: "2026-11-23T09:00:10.000Z" }, { batch }),
  );
  assert.equal(sourceId, "shop");
  assert.deepEqual(rest.keyHashes, keyHashes);
  assert.deepEqual(
    events.map(({ type, messageId, receivedAt, sentAt, timestamp, request_ip }) => [
      type,
      messageId,
      receivedAt,
      sentAt,
      timestamp,
      request_ip,
    ]),
    [
      // Without an original timestamp the skew is that of the batch's sentAt and the arrival.
      ["track", "own", "2026-11-23T09:30:00.000Z", "2026-11-23T09:00:10.000Z", "2026-11-23T09:59:50.000Z", "192.0.2.7"],
      ["page", "made", "2026-11-23T09:30:00.000Z", "2026-11-23T09:00:10.000Z", "2026-11-23T09:29:50.000Z", "192.0.2.7"],
    ],
  );
  assert.equal(events[1]?.anonymousId, "7");
});

test("digits survive, wherever they stand", () => {
  const body = '{"userId":157963456373623803,"groupId":157963456373623805,"properties":{"a":[-9223372036854775808]}}';
  const { events } = eventsOf(record({ endpoint: "group" }, body));
  const [event] = events;
  assert.deepEqual([event?.userId, event?.groupId], ["157963456373623803", "157963456373623805"]);
  assert.deepEqual(event?.properties, { a: [-9223372036854775808n] });
});

test("a sentAt of a batch that is a number, or longer than a header has room for, is kept as RFC 3339", () => {
  const sentAt = "2026-11-23T09:30:00.123Z";
  for (const batchSentAt of [Date.parse(sentAt), `2026-11-23T09:30:00.123${"4".repeat(300)}Z`]) {
    assert.equal(decodeEventRecord(encodeEventRecord(facts({ batchSentAt })).header).batchSentAt, sentAt);
  }
});

test("the endpoint gives a single event its type", () => {
  for (const endpoint of singleEndpoints) {
    const { events } = eventsOf(record({ endpoint }, { type: "nonsense", userId: "u" }));
    assert.deepEqual(
      events.map(({ type, messageId }) => [type, messageId]),
      [[endpoint, "m-1"]],
    );
  }
});

test("every replay of a record gives the same events, whatever bytes stand in its strings", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const inside = Buffer.from(bytes.map((byte) => (byte < 0x20 || byte === 0x22 || byte === 0x5c ? 0x61 : byte)));
      const payload = Buffer.concat([Buffer.from('{"userId":"u","event":"'), inside, Buffer.from('"}')]);
      const stored = { ...record({ endpoint: "track" }, ""), payload };
      const copy = { offset: 5, header: Uint8Array.from(stored.header), payload: Uint8Array.from(payload) };
      assert.deepEqual(eventsOf(stored), eventsOf(copy));
      assert.equal(eventsOf(stored).events[0]?.event, new TextDecoder("utf-8", { ignoreBOM: true }).decode(inside));
    }),
  );
});

test("a record of a newer version is refused as such", () => {
  const good = record({}, { batch: [{ userId: "u" }] });
  for (const [position, value] of [
    [0, 2],
    [0, 0],
    [1, 1],
    [1, 0x80],
  ] as const) {
    const header = Uint8Array.from(good.header);
    header[position] = value;
    assert.throws(
      () => eventsOf({ ...good, header }),
      (error) =>
        error instanceof EngineError && error.code === "PINTLE_RECORD_TOO_NEW" && /record 5 /.test(error.message),
    );
  }
});

test("a record that contradicts itself is refused, and its payload is not quoted", () => {
  const secret = '{"batch":[{"userId":"hunter2"}';
  const cases: ReadonlyArray<readonly [string, Partial<EventRecordFacts>, string]> = [
    ["no JSON", {}, secret],
    ["no batch", {}, '{"events":[]}'],
    ["null", {}, "null"],
    ["another number of events", { messageIds: ["a", "b"], keyHashes: [1, 2] }, '{"batch":[{"userId":"hunter2"}]}'],
    ["no objects", {}, '{"batch":["hunter2"]}'],
    ["no object", { endpoint: "page" }, '"hunter2"'],
  ];
  for (const [name, changes, body] of cases) {
    assert.throws(
      () => eventsOf(record(changes, body)),
      (error) => {
        assert.ok(error instanceof EngineError, name);
        assert.equal(error.code, "PINTLE_RECORD_INVALID", name);
        assert.doesNotMatch(String(error.stack), /hunter2/, name);
        return true;
      },
    );
  }
});

test("a header of any bytes is read or refused, never misread past its end", () => {
  const some = record({}, { batch: [{ userId: "u" }] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, startWell) => {
      if (startWell && bytes.length > 1) bytes.set([1, 0]);
      try {
        const read = decodeEventRecord(bytes);
        assert.equal(read.messageIds.length, read.keyHashes.length);
      } catch (error) {
        assert.ok(error instanceof EngineError, String(error));
      }
      assert.equal(eventsOf(some).events.length, 1);
    }),
  );
});

test("facts without room in the layout are the caller's fault", () => {
  for (const changes of [
    { messageIds: [], keyHashes: [] },
    { keyHashes: [1, 2] },
    { sourceId: "" },
    { sourceId: "x".repeat(256) },
    { requestIp: "x".repeat(256) },
  ]) {
    assert.throws(() => encodeEventRecord(facts(changes)), RangeError);
  }
});
