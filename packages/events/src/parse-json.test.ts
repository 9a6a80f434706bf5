import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mostDigits, parseJson } from "./parse-json.ts";

test("whole numbers that a double would round are a bigint, all others what they were", () => {
  const cases: ReadonlyArray<readonly [string, unknown]> = [
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740991", -9007199254740991],
    ["-9007199254740992", -9007199254740992n],
    ["1152921504606846976", 1152921504606846976n],
    [" 157963456373623803\n", 157963456373623803n],
    ["-9223372036854775808", -9223372036854775808n],
    ["18446744073709551615", 18446744073709551615n],
    ["[157963456373623803,157963456373623804 , 1]", [157963456373623803n, 157963456373623804n, 1]],
    ["[[157963456373623803]]", [[157963456373623803n]]],
    ['{"a":157963456373623803}', { a: 157963456373623803n }],
    ['{"157963456373623803" :\t157963456373623803 }', { "157963456373623803": 157963456373623803n }],
    ['{"a":1,"a":157963456373623803}', { a: 157963456373623803n }],
    ['{"a":157963456373623803,"a":1}', { a: 1 }],
    ['"157963456373623803"', "157963456373623803"],
    ['["\\"",157963456373623803,":157963456373623803,"]', ['"', 157963456373623803n, ":157963456373623803,"]],
    ['["\\\\",157963456373623803]', ["\\", 157963456373623803n]],
    ["157963456373623803.0", Number("157963456373623803")],
    ["157963456373623803e0", Number("157963456373623803")],
    ["0.157963456373623803", Number("0.157963456373623803")],
    ["1e400", Number.POSITIVE_INFINITY],
    ["[-0,1234567890123456]", [-0, 1234567890123456]],
    ['["\\u0001",157963456373623803]', ["\u0001", 157963456373623803n]],
    ['["\\u00015",157963456373623803]', ["\u00015", 157963456373623803n]],
    ['{"\\u0001":"\\u0001\\u0001","b":157963456373623803}', { "\u0001": "\u0001\u0001", b: 157963456373623803n }],
  ];
  for (const [text, value] of cases) assert.deepEqual(parseJson(text), value, text);
});

test("__proto__ is a key like any other", () => {
  const parsed = parseJson('{"__proto__":157963456373623803,"a":{"__proto__":{"b":-157963456373623803}}}') as object;
  assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
  const pairs = Object.entries(parsed);
  assert.equal(pairs[0]?.[1], 157963456373623803n);
  assert.deepEqual(Object.entries(pairs[1]?.[1] as object)[0]?.[1], { b: -157963456373623803n });
});

test("a number with more digits than anybody counts with is their text", () => {
  const most = "9".repeat(mostDigits);
  const [plus, minus, text] = parseJson(`[${most},-${most},${most}9]`) as unknown[];
  assert.ok(plus === BigInt(most) && minus === -BigInt(most));
  assert.ok(text === `${most}9`);
});

test("what is no JSON is refused as JSON.parse refuses it", () => {
  const big = "157963456373623803";
  const wrong = [`0${big}`, `+${big}`, `{${big}:1}`, `{"a":1,${big}:2}`, `{"a":1,${big} :2}`, `"a"${big}`, `${big}"a"`];
  wrong.push(`[${big},]`, `${big} ${big}`, `[${big}\u00a0]`, `["${big}`, `["\\`, `"\n",${big}`, `-${big}-`, "");
  for (const text of wrong) {
    let error: unknown;
    try {
      JSON.parse(text);
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error instanceof SyntaxError, text);
    assert.throws(() => parseJson(text), { name: "SyntaxError", message: error.message }, text);
  }
});

test("nesting that would overflow the stack is read, as JSON.parse reads it", () => {
  const levels = 100_000;
  let value = parseJson(`${"[".repeat(levels)}157963456373623803${"]".repeat(levels)}`);
  while (Array.isArray(value)) value = value[0];
  assert.equal(value, 157963456373623803n);
});

const token = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }).map(String),
  fc.constantFrom("-0", "0.5", "1e20", "12345678901234567890.25", "123456789012345678E-3", "1E999", "true", "null"),
);
const text = fc
  .oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("", "\u0001", "\u00011", "\\", '"', "__proto__"))
  .map((value) => JSON.stringify(value));
const space = fc.stringMatching(/^[ \t\r\n]{0,2}$/);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    token,
    text,
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }).map((big) => `"${big}"`),
    fc.array(fc.tuple(space, tie("json"), space), { maxLength: 4 }).map((items) => `[${items.map((i) => i.join(""))}]`),
    fc
      .array(fc.tuple(space, text, space, fc.constant(":"), space, tie("json"), space), { maxLength: 4 })
      .map((members) => `{${members.map((member) => member.join(""))}}`),
  ),
}));

/** The value with each bigint as what JSON.parse had made of its digits. */
function rounded(value: unknown): unknown {
  if (typeof value === "bigint") {
    assert.ok(value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
    return Number(value);
  }
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

/**
 * Whether this engine reads keys with escapes as they are. V8 13.6, that of Node 24, takes some for
 * another key that it has just seen: after `{"a":0,"\n":0}` and the like, `{"a":0.5,"\u0001":1}`
 * has the key `\`. The V8 of Node 20, 22 and 26 does not.
 */
const isSound = !process.versions.v8.startsWith("13.6.");

/** Whether `JSON.parse` of this engine is a judge of the text. */
function isJudged(text: string): boolean {
  return isSound || !text.includes("\\");
}

test("but for its bigints a value is that of JSON.parse", () => {
  fc.assert(
    fc.property(json.filter(isJudged), (text) => assert.deepStrictEqual(rounded(parseJson(text)), JSON.parse(text))),
    { numRuns: 1000 },
  );
});

test("what is almost JSON is refused where JSON.parse refuses it", () => {
  const piece = fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", "157963456373623803", " ", "-", ".", "0");
  fc.assert(
    fc.property(json, piece, fc.nat(), fc.nat(1), (whole, put, place, cut) => {
      const at = place % (whole.length + 1);
      const text = whole.slice(0, at) + put + whole.slice(at + cut);
      fc.pre(isJudged(text));
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => parseJson(text), SyntaxError, text);
        return;
      }
      assert.deepStrictEqual(rounded(parseJson(text)), expected);
    }),
    { numRuns: 2000 },
  );
});
