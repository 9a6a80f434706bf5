import assert from "node:assert/strict";
import { test } from "node:test";
import { hashUserKey, userKey } from "@pintle/events";
import fc from "fast-check";
import { type Endpoint, encodeEventRecord, eventsOf, singleEndpoints } from "../records/event-record.ts";
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

const endpoint = fc.oneof(fc.constant<Endpoint>("batch"), fc.constantFrom<Endpoint>(...singleEndpoints));

/**
 * JSON as no serialiser writes it: any white space, escapes in names and strings, names twice,
 * numbers in all forms.
 */
const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("userId", "anonymousId", "messageId", "sentAt", "batch", "type", "__proto__", ""),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("timestamp", "originalTimestamp"),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) },
);
const text = fc.oneof(
  name.map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary", maxLength: 8 }).map((value) => JSON.stringify(value)),
  name.map(
    (value) =>
      `"${[...value].map((c) => `\\u${(c.codePointAt(0)! & 0xffff).toString(16).padStart(4, "0")}`).join("")}"`,
  ),
  fc.constantFrom(
    '"\\/"',
    '"\\b\\f\\n\\r\\t\\\\"',
    '"\\ud800"',
    '"\\uDFFF\\ud83d"',
    '"\x7f"',
    '" "',
    '""',
    '"\u00e9\u{1f600}"',
  ),
);
const number = fc.oneof(
  fc.constantFrom("0", "-0", "1", "10", "1.50", "1e5", "1E+5", "-1.5e-7", "1e999", "12345678901234567890"),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
);
/** Times that are nearly well, or well. */
const part = (max: number, width: number) => fc.nat({ max }).map((n) => String(n).padStart(width, "0"));
const year = fc.oneof(part(9999, 4), fc.constantFrom("0000", "0001", "9999"));
const fraction = fc.stringMatching(/^(\.\d{0,10})?$/);
const offset = fc.oneof(fc.constant("Z"), fc.stringMatching(/^[+-][012]\d:[0-6]\d$/));
const time = fc
  .tuple(year, part(13, 2), part(32, 2), part(25, 2), part(61, 2), part(61, 2), fraction, offset)
  .map(([y, mo, d, h, mi, s, f, o]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${o}`);
const oddTime = fc
  .tuple(time, fc.nat(23), fc.constantFrom(":", "-", ".", "/", "x", "T", "5"))
  .map(([whole, at, put]) => whole.slice(0, at) + put + whole.slice(at + 1));
const timeField = fc
  .tuple(
    fc.constantFrom("timestamp", "originalTimestamp", "sentAt"),
    fc.oneof(
      fc.oneof(time, oddTime).map((text) => `"${text}"`),
      fc.integer({ min: 0, max: 2e12 }).map(String),
      fc.constantFrom('"2026-11-23"', '"soon"', '""', "null", "1.7e9", "{}", '"\\u0032026-11-23"'),
    ),
  )
  .map(([name, value]) => `"${name}":${value}`);
const literal = fc.constantFrom("true", "false", "null");
const { value, object } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, text, number, literal, tie("object"), tie("array")),
  array: fc
    .tuple(space, fc.array(fc.tuple(tie("value"), space, space), { maxLength: 3 }))
    .map(([first, items]) => `[${first}${items.map(([item, gap]) => item + gap).join(`,${items[0]?.[2] ?? ""}`)}]`),
  object: fc
    .tuple(space, fc.array(fc.tuple(text, space, space, tie("value"), space), { maxLength: 6 }))
    .map(
      ([first, fields]) => `{${first}${fields.map(([key, a, b, item, c]) => `${key}${a}:${b}${item}${c}`).join(",")}}`,
    ),
}));
const event = fc
  .tuple(
    object,
    fc.oneof(
      fc.constantFrom('"userId":"u"', '"anonymousId":7', '"userId" : "\\u00e9"', '"userId":{"a":[1]}', '"x":1'),
      fc.constantFrom('"userId":"\u200b\x7f","anonymousId":"a"', '"userId":"\x7f"', '"userId":1e999,"anonymousId":"a"'),
      fc
        .tuple(fc.constantFrom("userId", "anonymousId", "messageId"), number)
        .map(([id, digits]) => `"${id}":${digits}`),
      fc.array(timeField, { maxLength: 4 }).map((fields) => ['"userId":"u"', ...fields].join()),
    ),
  )
  .map(([fields, id]) => (/^\{\s*\}$/.test(fields) ? `{${id}}` : fields.replace(/\}$/, `,${id}}`)));
const body = fc.oneof(
  value,
  event,
  fc
    .tuple(
      fc.array(fc.oneof({ weight: 9, arbitrary: event }, { weight: 1, arbitrary: value }), { maxLength: 6 }),
      space,
      value,
    )
    .map(
      ([events, gap, sentAt]) =>
        `${gap}{"sentAt":${sentAt},${gap}"batch"${gap}:[${events.join(`${gap},`)}${gap}]}${gap}`,
    ),
);

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
