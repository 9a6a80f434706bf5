import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepest, isDeeperThan } from "./nesting.ts";

const nested = (open: string, close: string, levels: number): unknown =>
  JSON.parse(`${open.repeat(levels)}0${close.repeat(levels)}`);

test("levels are counted to the one", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
    ['{"__proto__":', "}"],
    ['[0,{"b":1,"a":', "}]"],
  ] as const) {
    const each = open.startsWith("[0") ? 2 : 1;
    for (const levels of [0, 1, 2, 7]) {
      const value = nested(open, close, levels);
      assert.equal(isDeeperThan(value, levels * each), false, `${open} ${levels}`);
      if (levels > 0) assert.equal(isDeeperThan(value, levels * each - 1), true, `${open} ${levels}`);
    }
  }
});

test("what is allowed survives the recursive readers, and what is not overflows nothing here", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const value = nested(open, close, deepest);
    assert.equal(isDeeperThan(value, deepest), false);
    JSON.stringify(structuredClone(value));
    assert.equal(isDeeperThan(nested(open, close, 100_000), deepest), true);
  }
});

test("it agrees with a depth that is counted another way", () => {
  const depth = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(7), (value, limit) => {
      assert.equal(isDeeperThan(value, limit), depth(value) > limit);
    }),
  );
});
