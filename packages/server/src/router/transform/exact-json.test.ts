import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson, stringifyJson } from "@pintle/events";
import fc from "fast-check";
import { letJsonKeepDigits } from "./exact-json.ts";

const native = { ...{ parse: JSON.parse, stringify: JSON.stringify } };
letJsonKeepDigits();

test("a copy by JSON has the digits that were there", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
      fc.jsonValue(),
      fc.array(tie("any"), { maxLength: 3 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, (given) => {
      const json = stringifyJson({ given });
      assert.deepEqual(JSON.parse(JSON.stringify({ given })), parseJson(json));
      assert.equal(JSON.stringify(JSON.parse(json)), json);
    }),
  );
});

test("all else is what JSON does", () => {
  const value = { a: [1, undefined, new Date(0), { b: "x" }], c: () => {}, d: Number.NaN };
  for (const [replacer, space] of [
    [null, 2],
    [undefined, "\t"],
    [["a"], 0],
    [(_: string, v: unknown) => v, 20],
    [null, -1],
    [null, 1.5],
  ]) {
    assert.equal(
      JSON.stringify(value, replacer as null, space as number),
      native.stringify(value, replacer as null, space as number),
    );
  }
  assert.equal(JSON.stringify(undefined), undefined);
  assert.deepEqual(
    JSON.parse("[1,2]", (_, v) => (v === 1 ? 5 : v)),
    [5, 2],
  );
  assert.equal(JSON.parse(5 as never), 5);
  assert.throws(() => JSON.parse("{"), SyntaxError);
  assert.throws(() => JSON.parse("[12345678901234567,]"), SyntaxError);
  const circular: unknown[] = [];
  circular.push(circular);
  assert.throws(() => JSON.stringify(circular), TypeError);
});
