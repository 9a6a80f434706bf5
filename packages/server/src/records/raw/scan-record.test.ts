import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import { test } from "node:test";
import { deepest, hashUserKey, stringifyJson, userKey } from "@pintle/events";
import fc from "fast-check";
import { readEvents } from "../../gateway/read-events.ts";
import { type FilterRules, filterEvent } from "../../router/filter/filter.ts";
import { type Endpoint, encodeEventRecord, eventsOf } from "../event-record.ts";
import { body, endpoint } from "../json-bodies.test.support.ts";
import { scanRecord } from "./scan-record.ts";

const receivedAt = Date.UTC(2026, 10, 23, 9, 30);

/** The record of a body, if the gateway takes it. */
function recordOf(given: string | Uint8Array, where: Endpoint, requestIp = "192.0.2.7") {
  let made = 0;
  const read = readEvents(Buffer.from(given), where, 100, () => `made-${made++}`);
  if ("status" in read) return undefined;
  const { header } = encodeEventRecord({ ...read.events, receivedAt, sourceId: "shop", requestIp, endpoint: where });
  return { offset: 5, header, payload: read.payload };
}

/** What some destinations want. */
const destinations: readonly FilterRules[] = [
  { name: "hook", displayName: "Hook" },
  { name: "x", displayName: "All", names: ["__proto__", "Hook"] },
  { name: "x", displayName: "X", consent: { ids: ["a"], strategy: "and" } },
  { name: "x", displayName: "X", consent: { ids: ["a", "b"], strategy: "or" } },
  { name: "x", displayName: "X", only: { types: ["page"], events: ["Order"] } },
  { name: "x", displayName: "X", except: { types: ["alias"], events: ["Order", "7"] } },
];

/** The events as bytes are those that parsing gives, and go the same ways. Gives their texts. */
function agrees(record: NonNullable<ReturnType<typeof recordOf>>): string[] {
  const scanned = scanRecord(record);
  const expected = eventsOf(record);
  assert.equal(scanned.sourceId, expected.sourceId);
  assert.deepEqual(scanned.keyHashes, expected.keyHashes);
  assert.equal(scanned.events.length, expected.events.length);
  return expected.events.map((event, index) => {
    const raw = scanned.events.at(index);
    const bytes = Buffer.from(raw.bytes);
    const text = bytes.toString();
    assert.deepEqual(raw.parsed(), event, text);
    assert.equal(raw.messageId, event.messageId);
    assert.ok(isUtf8(bytes));
    assert.doesNotMatch(text, /[\r\n]/);
    assert.equal(raw.source[raw.end], 0x0a, "one stands behind it");
    const { userId, anonymousId } = event;
    assert.equal(scanned.keyHashes[index], hashUserKey(userKey({ userId, anonymousId })));
    for (const rules of destinations) assert.deepEqual(filterEvent(raw, rules), filterEvent(event, rules), text);
    // What is complete stays as it is when it is read out of another topic.
    return text;
  });
}

test("the bytes of an event are the event that parsing gives, whatever JSON the gateway takes", () => {
  let taken = 0;
  fc.assert(
    fc.property(body, endpoint, (json, where) => {
      const record = recordOf(json, where);
      if (record === undefined) return;
      taken++;
      agrees(record);
    }),
    { numRuns: 4000 },
  );
  assert.ok(taken > 400, `only ${taken} bodies were taken`);
});

test("so they are where bytes are no UTF-8, behind a byte order mark, and with NaN", () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[],:"\\eE+-.0 \n\u001f\u00e9')));
  fc.assert(
    fc.property(body, endpoint, fc.array(fc.tuple(fc.nat(), byte)), fc.boolean(), (json, where, changes, mark) => {
      const bytes = Buffer.from(mark ? `\ufeff${json.replace(/:null/g, ":NaN")}` : json);
      for (const [place, value] of changes.slice(0, 2)) if (bytes.length > 0) bytes[place % bytes.length] = value;
      const record = recordOf(bytes, where);
      if (record !== undefined) agrees(record);
    }),
    { numRuns: 4000 },
  );
});

test("of several batches the last one counts, whatever the others are", () => {
  for (const other of ["0", "[1]", '[{"userId":"a"},{"userId":"b"}]', "[]", "null"]) {
    agrees(recordOf(`{"batch":${other},"\\u0062atch":[{"userId":"timestamp"}],"userId":0}`, "batch")!);
  }
});

test("what SDKs send is written as it came, with what is missing behind it", () => {
  const time = "2026-11-23T09:29:58.500Z";
  const event = `{"type":"track","event":"Order","userId":"ada","messageId":"m-1","originalTimestamp":"${time}","properties":{"total":12.50,"id":12345678901234567890},"sentAt":"2026-11-23T09:29:59.000Z"`;
  const record = recordOf(`{"batch":[${event}}]}`, "batch")!;
  const [text] = agrees(record);
  assert.equal(
    text,
    `${event},"receivedAt":"2026-11-23T09:30:00.000Z","timestamp":"2026-11-23T09:29:59.500Z","request_ip":"192.0.2.7","rudderId":"${eventsOf(record).events[0]!.rudderId}"}`,
  );
});

test("members are set where they stand, the last of several with one name, and line breaks go", () => {
  const record = recordOf(
    '{ "userId" : 1,\n\t"messag\\u0065Id": " a b ", "type":"x", "userId": 42, "receivedAt":{"a": "b c"},\r\n "x":[1, "\\n "] , "request_ip":"" }\n',
    "page",
    "::1",
  )!;
  const [text] = agrees(record);
  const { rudderId } = eventsOf(record).events[0]!;
  const at = '"2026-11-23T09:30:00.000Z"';
  assert.equal(
    text,
    `{"messag\\u0065Id":"a b","type":"page","userId":"42","receivedAt":${at},"x":[1,"\\n "],"request_ip":"::1","originalTimestamp":${at},"sentAt":${at},"timestamp":${at},"rudderId":"${rudderId}"}`,
  );
});

test("an event that was written complete is found with the same members", () => {
  const nested = `${"[".repeat(deepest)}${"]".repeat(deepest)}`;
  const { header } = recordOf('{"batch":[{"userId":"u","type":"page"},{"userId":"v","messageId":"m"}]}', "batch")!;
  // Too deep for this gateway: a record of an early version.
  const payload = Buffer.from(`{"batch":[{"userId":"u","type":"page","x":${nested}},{"userId":"v","messageId":"m"}]}`);
  const { events } = scanRecord({ offset: 5, header, payload });
  assert.deepEqual(
    [events.at(0).bytes, events.at(1).bytes].map((bytes) => Buffer.from(bytes).toString()),
    eventsOf({ offset: 5, header, payload }).events.map((event) => stringifyJson(event)),
  );
  assert.deepEqual([events.at(0).type, events.at(1).messageId], ["page", "m"]);
});

test("a damaged record is refused with what is wrong with it", () => {
  const record = recordOf('{"batch":[{"userId":"u"},{"userId":"v"}]}', "batch")!;
  for (const payload of [
    '{"batch":[{"userId":"u"}]}',
    '{"batch":[{"userId":"u"},{"userId":"v"}',
    "[]",
    '{"batch":{}}',
  ]) {
    assert.throws(() => scanRecord({ ...record, payload: Buffer.from(payload) }), { code: "PINTLE_RECORD_INVALID" });
  }
  assert.throws(() => scanRecord({ ...record, header: Buffer.of(9) }), { code: "PINTLE_RECORD_INVALID" });
});
