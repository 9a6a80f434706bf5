import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonBytes } from "./json-bytes.ts";
import { prune, scalars } from "./prune.ts";

test("null and undefined go, at any depth, and what is empty only where it is to", () => {
  const object = { a: null, b: undefined, c: "", d: [null, 1, {}], e: { f: null }, g: 0, h: false };
  assert.deepEqual(prune(object), { c: "", d: [1, {}], e: {}, g: 0, h: false });
  assert.deepEqual(prune(object, "drop"), { d: [1], g: 0, h: false });
});

test("texts, numbers and truth values are scalars", () => {
  const object = { a: "", b: 1, c: 2n, d: false, e: null, f: undefined, g: [1], h: { i: 1 } };
  assert.deepEqual(scalars(object), { a: "", b: 1, c: 2n, d: false });
});

test("a size is that of the JSON in UTF-8, with all digits of a number", () => {
  assert.equal(jsonBytes({ a: "ä€😀" }), 17);
  assert.equal(jsonBytes({ a: 157963456373623803n }), 24);
});

test("what is pruned is pruned, and holds nothing that was not there", () => {
  const keys = fc.constantFrom("a", "b", "__proto__", "constructor");
  const { object } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, undefined, "", 0, "x", 3n, false),
      fc.array(tie("value")),
      tie("object"),
    ),
    object: fc.array(fc.tuple(keys, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  }));
  fc.assert(
    fc.property(object as fc.Arbitrary<Record<string, unknown>>, fc.constantFrom("keep", "drop"), (given, empty) => {
      const before = structuredClone(given);
      const pruned = prune(given, empty);
      assert.deepEqual(prune(pruned, empty), pruned);
      assert.ok(jsonBytes(pruned) <= jsonBytes(given));
      for (const key of Object.keys(pruned)) assert.ok(Object.hasOwn(given, key), key);
      for (const value of Object.values(pruned)) assert.ok(value !== null && value !== undefined);
      assert.deepEqual(given, before);
      for (const key of Object.keys(scalars(given))) assert.ok(Object.hasOwn(given, key), key);
    }),
  );
});
