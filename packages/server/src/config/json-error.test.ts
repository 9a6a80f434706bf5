import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findJsonError } from "./json-error.ts";

const broken: [text: string, line: number, column: number][] = [
  ["", 1, 1],
  ["{", 1, 2],
  ['{"a": 1,}', 1, 9],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
  ['{\n  "a": tru\n}', 2, 11],
  ["{'a': 1}", 1, 2],
  ['{"a": "b\n"}', 1, 9],
  ['{"a": 1} x', 1, 10],
  ["// comment\n{}", 1, 1],
  ["[5.\u00018]", 1, 4],
  ["[5e\u00018]", 1, 4],
  ["[-\u00018]", 1, 3],
  ['{"at position 1": x}', 1, 19],
];

for (const [text, line, column] of broken) {
  test(`${JSON.stringify(text)} breaks at ${line}:${column}`, () => {
    assert.deepEqual(findJsonError(text), { line, column });
  });
}

test("property: a character that no JSON has is found where it stands", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
      const json = JSON.stringify(value, undefined, 2);
      const position = at % (json.length + 1);
      const text = `${json.slice(0, position)}\u0001${json.slice(position)}`;
      const before = text.slice(0, position).split("\n");
      assert.deepEqual(findJsonError(text), { line: before.length, column: before.at(-1)!.length + 1 });
    }),
    { examples: [[[5.895334670357961e-129, true], 6]] },
  );
});
