import assert from "node:assert/strict";
import { test } from "node:test";
import { hashUserKey, userKey } from "@pintle/events";
import fc from "fast-check";
import { type Endpoint, encodeEventRecord, eventsOf } from "../records/event-record.ts";
import { body, endpoint } from "../records/json-bodies.test.support.ts";
import { deepest } from "./nesting.ts";
import { parseEvents } from "./read-events.ts";
import { scanEvents } from "./scan-events.ts";

const maxEvents = 5;
const made = (): string => "made";

/**
 * The scan may decline; where it does not, it says what JSON.parse leads to. Gives whether it
 * declined.
 */
function agrees(body: string | Uint8Array, endpoint: Endpoint): boolean {
  const bytes = Buffer.from(body);
  const scanned = scanEvents(bytes, endpoint, maxEvents, made);
  if (scanned === undefined) return false;
  assert.deepEqual(scanned, parseEvents(bytes, endpoint, maxEvents, made), bytes.toString());
  // The router reads the same users and ids out of the stored body.
  const { header } = encodeEventRecord({ ...scanned, receivedAt: 0, sourceId: "s", requestIp: "", endpoint });
  const { events } = eventsOf({ offset: 0, header, payload: bytes });
  const hashes = events.map(({ userId, anonymousId }) => hashUserKey(userKey({ userId, anonymousId })));
  assert.deepEqual(hashes, scanned.keyHashes, bytes.toString());
  return true;
}

test("the scan agrees with JSON.parse on any JSON", () => {
  let read = 0;
  fc.assert(
    fc.property(body, endpoint, (json, where) => {
      if (agrees(json, where)) read++;
    }),
    { numRuns: 2000 },
  );
  assert.ok(read > 40, `only ${read} bodies were read`);
});

test("the scan agrees with JSON.parse on what is almost JSON", () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[],:"\\eE+-.0 \n\u001f')));
  fc.assert(
    fc.property(body, endpoint, fc.array(fc.tuple(fc.nat(), byte, fc.nat(2))), (json, where, changes) => {
      let bytes = Buffer.from(json);
      for (const [place, value, kind] of changes.slice(0, 2)) {
        const at = place % (bytes.length + 1);
        // Replaced, put in, left out.
        const rest = bytes.subarray(kind === 1 ? at : at + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), kind === 2 ? Buffer.alloc(0) : Buffer.of(value), rest]);
      }
      agrees(bytes, where);
    }),
    { numRuns: 2000 },
  );
});

test("what SDKs send is read without parsing", () => {
  const events = fc.array(
    fc
      .dictionary(fc.stringMatching(/^[\w.-]{0,12}$/), fc.jsonValue())
      .map((fields) => ({ ...fields, userId: "u", messageId: "m", context: { ip: "::1" } })),
    { minLength: 1, maxLength: maxEvents },
  );
  fc.assert(
    fc.property(events, fc.constantFrom(undefined, 2), (batch, indent) => {
      assert.ok(agrees(JSON.stringify({ batch, sentAt: "2026-11-23T09:30:00.000Z" }, null, indent), "batch"));
      assert.ok(agrees(JSON.stringify(batch[0], null, indent), "track"));
    }),
  );
});

test("no beginning of a body is read, and nothing behind it is overlooked", () => {
  const whole =
    '{"sentAt":"x","a":{"b":[1,-2.5e+3,true,false,null,"\\u00e9\\n"]},"batch":[{"userId":"u","messageId":5}]}';
  assert.ok(agrees(whole, "batch"));
  for (let length = 0; length < whole.length; length++) {
    assert.equal(scanEvents(Buffer.from(whole.slice(0, length)), "batch", maxEvents, made), undefined, String(length));
  }
  for (const more of ["}", "]", "x", "\u0000", "\u00a0", "\ufeff", ",", "{}"]) {
    assert.equal(scanEvents(Buffer.from(whole + more), "batch", maxEvents, made), undefined, more);
  }
});

test("the corners of the grammar", () => {
  const values = [
    "01",
    "-",
    "-a",
    "1.",
    ".5",
    "1.e5",
    "1e",
    "1e+",
    "+1",
    "0x1",
    "Infinity",
    "NaN",
    "tru",
    "nul",
    "fals",
    "True",
  ];
  const strings = ['"\\x"', '"\\u12"', '"\\u12g4"', '"\\', '"\n"', '"\u0000"', "'a'", '"a', '"\\"'];
  const structures = [
    "[1,]",
    "[,1]",
    "[1 2]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{,}",
    '{"a":1 "b":2}',
    "{a:1}",
    "{1:1}",
    "[",
    "{",
    "]",
  ];
  for (const wrong of [...values, ...strings, ...structures]) {
    assert.equal(agrees(`{"userId":"u","x":${wrong}}`, "track"), false, wrong);
    assert.equal(agrees(`{"batch":[{"userId":"u","x":${wrong}}]}`, "batch"), false, wrong);
    assert.equal(agrees(`{"x":${wrong},"batch":[{"userId":"u"}]}`, "batch"), false, wrong);
  }
});

test("the bound of nesting is the same, to the level", () => {
  const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  for (const [make, where, around] of [
    [(inner: string) => `{"userId":"u","x":${inner}}`, "track", 1],
    [(inner: string) => `{"userId":${inner}}`, "track", 1],
    [(inner: string) => `{"batch":[{"userId":"u","x":${inner}}]}`, "batch", 3],
    [(inner: string) => `{"x":${inner},"batch":[{"userId":"u"}]}`, "batch", 1],
  ] as const) {
    assert.ok(agrees(make(nested(deepest - around)), where));
    assert.equal(agrees(make(nested(deepest - around + 1)), where), false);
    const refusal = parseEvents(Buffer.from(make(nested(deepest - around + 1))), where, maxEvents, made);
    assert.ok("status" in refusal && refusal.reason === "nesting");
  }
});
