import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fitId, idPattern } from "./id.ts";

// Positions are kept under these: a line of this table may be added, never changed.
const fitted: [name: string, id: string][] = [
  ["shop", "shop"],
  ["My Shop", "my-shop"],
  ["Café Zürich", "cafe-zurich"],
  ["  web / iOS  ", "web-ios"],
  ["a_b-c", "a_b-c"],
  ["straße", "stra-e"],
  ["x".repeat(100), "x".repeat(64)],
  [`${"x".repeat(63)} y`, "x".repeat(63)],
  ["商店", ""],
  ["--", ""],
];

for (const [name, id] of fitted) test(`makes ${JSON.stringify(name)} fit`, () => assert.equal(fitId(name), id));

test("property: the result fits or is empty, and what fits stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const id = fitId(name);
      assert.ok(id === "" || idPattern.test(id), id);
      assert.equal(fitId(id), id);
    }),
  );
});
