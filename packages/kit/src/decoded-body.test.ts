import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodedBody } from "./decoded-body.ts";

const rows: readonly [type: string, text: string, decoded: unknown][] = [
  ["application/x-www-form-urlencoded", "a=1&b=%C3%A4+x&a=2&c=", { a: ["1", "2"], b: "ä x", c: "" }],
  ["application/x-www-form-urlencoded; charset=utf-8", "", {}],
  ["application/x-ndjson", '{"a":1}\n[2]\n', [{ a: 1 }, [2]]],
  ["application/jsonl", "", []],
  ["application/x-ndjson", '{"a":1}\n{', '{"a":1}\n{'],
  ["application/json", '{"a":157963456373623803}', { a: 157963456373623803n }],
  ["text/plain", "hello", "hello"],
];
for (const [type, text, decoded] of rows) {
  test(`${type}: ${text}`, () => assert.deepEqual(decodedBody({ "Content-Type": type }, text), decoded));
}

test("a form is decoded to what was encoded, whatever it is called", () => {
  const name = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("__proto__", "constructor", "a b", "="));
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: "grapheme" }), { noNullPrototype: true }), (form) => {
      const text = new URLSearchParams(form).toString();
      const type = { "content-type": "application/x-www-form-urlencoded" };
      assert.deepEqual(decodedBody(type, text), form);
    }),
  );
});
