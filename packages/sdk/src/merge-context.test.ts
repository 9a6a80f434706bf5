import assert from "node:assert/strict";
import { test } from "node:test";
import { traits } from "./helpers/traits.ts";
import { mergeContext } from "./merge-context.ts";

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null)
    for (const inner of Object.values(Object.freeze(value))) freeze(inner);
  return value;
}

test("the message wins, deeply, and nobody's objects are written to", () => {
  const at = new Date(0);
  const table: readonly (readonly [object, object, object])[] = [
    [{ a: 1 }, {}, { a: 1 }],
    [{ a: 1 }, { a: 2, b: 3 }, { a: 2, b: 3 }],
    [{ app: { name: "x", version: "1" } }, { app: { version: "2" } }, { app: { name: "x", version: "2" } }],
    [{ app: { name: "x" } }, { app: null }, { app: null }],
    [{ app: { name: "x" } }, { app: undefined }, { app: { name: "x" } }],
    [{ app: { name: "x" } }, { app: 7 }, { app: 7 }],
    [{ app: 7 }, { app: { name: "x" } }, { app: { name: "x" } }],
    [{ list: [1, 2] }, { list: [3] }, { list: [3] }],
    [{ at: { x: 1 } }, { at }, { at }],
    [{ traits: { plan: "Free" } }, { traits: traits().setName("N") }, { traits: { plan: "Free", name: "N" } }],
    [{ a: { b: { c: 1, d: 1 } } }, { a: { b: { c: 0 } } }, { a: { b: { c: 0, d: 1 } } }],
    [{ a: true }, { a: false }, { a: false }],
  ];
  for (const [defaults, own, expected] of table) {
    assert.deepEqual(mergeContext(freeze(defaults), own === undefined ? own : Object.freeze(own)), expected);
  }
});

test("keys that mean something to JavaScript are data", () => {
  const defaults = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":1}}') as object;
  const own = JSON.parse('{"__proto__":{"c":1},"constructor":{"d":1},"toString":{"e":1}}') as object;
  const merged = mergeContext(defaults, own);
  assert.equal(JSON.stringify(merged), '{"__proto__":{"a":1,"c":1},"constructor":{"b":1,"d":1},"toString":{"e":1}}');
  assert.equal(Object.getPrototypeOf(merged), Object.prototype);
  assert.equal(({} as { a?: number }).a, undefined);
});
