import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flatten } from "./flatten.ts";

const order = { id: 1, items: [{ sku: "x" }, { sku: "y" }], to: { city: "Köln", at: { lat: 5n } }, none: {}, no: null };

for (const [options, expected] of [
  [{}, { id: 1, items: order.items, "to.city": "Köln", "to.at.lat": 5n, no: null }],
  [{ depth: 1 }, { id: 1, items: order.items, "to.city": "Köln", "to.at": { lat: 5n }, no: null }],
  [{ depth: 0 }, order],
  [
    { separator: "_", arrays: "text" },
    { id: 1, items: '[{"sku":"x"},{"sku":"y"}]', to_city: "Köln", to_at_lat: 5n, no: null },
  ],
  [
    { arrays: "index" },
    { id: 1, "items.0.sku": "x", "items.1.sku": "y", "to.city": "Köln", "to.at.lat": 5n, no: null },
  ],
] as const) {
  test(`by ${JSON.stringify(options)}`, () => assert.deepEqual(flatten(order, options), expected));
}

test("of two values with one key the first stays", () => {
  assert.deepEqual(flatten({ "a.b": 1, a: { b: 2 } }), { "a.b": 1 });
  assert.deepEqual(flatten({ a: { b: 2 }, "a.b": 1 }), { "a.b": 2 });
});

const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, 1, "x", true, 3n), fc.array(tie("value")), tie("object")),
  object: fc
    .array(fc.tuple(fc.constantFrom("a", "b", "__proto__", "constructor", "a.b"), tie("value")), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
})).object as fc.Arbitrary<Record<string, unknown>>;

test("whatever it is given, no object is left, keys are its own, and what it is given stays as it was", () => {
  fc.assert(
    fc.property(json, (object) => {
      const before = structuredClone(object);
      const flat = flatten(object, { arrays: "index" });
      for (const value of Object.values(flat)) assert.ok(typeof value !== "object" || value === null);
      assert.equal(Object.getPrototypeOf(flat), Object.prototype);
      assert.deepEqual(flatten(flat), flat);
      assert.deepEqual(object, before);
    }),
  );
});
