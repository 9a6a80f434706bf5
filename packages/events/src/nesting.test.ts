import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isJsonDeeperThan } from "./nesting.ts";

function depth(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

test("the depth of a text is that of its value, whatever stands in its strings", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 9 }), (value, limit) => {
      assert.equal(isJsonDeeperThan(JSON.stringify(value), limit), depth(value) > limit);
    }),
  );
  for (const text of ['"', "\\", '\\"', "[[[[", '{"a":{']) {
    assert.equal(isJsonDeeperThan(JSON.stringify([text, text, [text]]), 2), false, text);
    assert.equal(isJsonDeeperThan(JSON.stringify([text, text, [text]]), 1), true, text);
  }
});
