import fc from "fast-check";
import { type Endpoint, singleEndpoints } from "./event-record.ts";

/** An endpoint that takes events. */
export const endpoint: fc.Arbitrary<Endpoint> = fc.oneof(
  fc.constant<Endpoint>("batch"),
  fc.constantFrom<Endpoint>(...singleEndpoints),
);

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
    arbitrary: fc.constantFrom("timestamp", "originalTimestamp", "receivedAt", "request_ip", "rudderId"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("groupId", "previousId", "event", "integrations", "context", "All"),
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
/** What the gateway may write anew, and what decides where an event goes. */
const ownField = fc.oneof(
  fc
    .constantFrom('"Track"', '" page\\n"', '"\\u0074rack"', '"alias"', '"tracks"', "7", "null", '"TRACK"')
    .map((type) => `"type":${type}`),
  fc
    .tuple(
      fc.constantFrom("groupId", "previousId", "userId", "request_ip", "rudderId", "receivedAt", "messageId"),
      fc.constantFrom(
        "7",
        "1e3",
        "-0",
        "null",
        "{}",
        "[ ]",
        '{"a":1}',
        '""',
        '"x"',
        "1e999",
        "true",
        '"\\u00e9"',
        '"\u00e9"',
      ),
    )
    .map(([key, given]) => `"${key}":${given}`),
  fc
    .constantFrom(
      '{"All":true}',
      '{"All":false}',
      '{ "all": false, "Hook" : {} }',
      '{"Hook":null,"All":[]}',
      '{"H\\u006fok":false}',
      "null",
      "7",
      '{"__proto__":1}',
    )
    .map((given) => `"integrations":${given}`),
  fc
    .constantFrom('["a","b"]', '["\\u0061"]', "[]", "7", "[[1]]")
    .map((ids) => `"context":{"x":[],"consentManagement":{"deniedConsentIds":${ids}}}`),
  fc.constantFrom('"Order"', '"\\u004frder"', "7").map((given) => `"event":${given}`),
);
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
      fc
        .tuple(fc.array(fc.oneof(ownField, timeField), { maxLength: 8 }), space)
        .map(([fields, gap]) => ['"userId":"u"', ...fields].join(`,${gap}`)),
    ),
  )
  .map(([fields, id]) => (/^\{\s*\}$/.test(fields) ? `{${id}}` : fields.replace(/\}$/, `,${id}}`)));
/** A body that the gateway may take, or not. */
export const body: fc.Arbitrary<string> = fc.oneof(
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
