import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { editDistance, nearest } from "./suggestion.ts";

const meant: [text: string, candidates: string[], nearest: string | undefined][] = [
  ["wrietKey", ["id", "name", "writeKey", "enabled"], "writeKey"],
  ["WRITEKEY", ["name", "writeKey"], "writeKey"],
  ["hok", ["hook", "audit"], "hook"],
  ["destination", ["sources", "destinations"], "destinations"],
  ["xyz", ["hook", "audit"], undefined],
  ["hook", [], undefined],
  ["", ["hook"], undefined],
];

for (const [text, candidates, expected] of meant) {
  test(`nearest to ${JSON.stringify(text)} of ${candidates.join(", ") || "nothing"}`, () => {
    assert.equal(nearest(text, candidates), expected);
  });
}

test("property: the distance is symmetric, 0 for equals only, and at most the longer length", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
      assert.ok(distance >= Math.abs(a.length - b.length));
    }),
  );
});
