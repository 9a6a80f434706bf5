import assert from "node:assert/strict";
import { test } from "node:test";
import type { RowValue, ValueType } from "../types.ts";
import { fitted } from "./fitted.ts";
import { column } from "./items.test.support.ts";
import type { Column } from "./table.ts";

const plain = { rudderStackTypes: false };
const cutting = { rudderStackTypes: true };

test("columns take what their limits let in", () => {
  const cases: readonly (readonly [Column, RowValue, ValueType, RowValue | undefined])[] = [
    [column("int", { range: [-10, 10] }), 10, "int", 10],
    [column("int", { range: [-10, 10] }), 11, "int", undefined],
    [column("float", { range: [-1e9, 1e9], digits: 9 }), 2n ** 70n, "float", undefined],
    [column("float", { range: [-1e30, 1e30], digits: 30 }), 2n ** 70n, "float", 2n ** 70n],
    [column("float", { least: 0.5 }), 0.25, "float", undefined],
    [column("float"), 3, "int", 3],
    [column("string", { maxLength: 3 }), "😀😀😀", "string", "😀😀😀"],
    [column("string", { maxLength: 3 }), "abcd", "string", undefined],
    [column("string"), 5, "int", "5"],
    [column("datetime"), "never", "string", undefined],
    [column("boolean"), true, "boolean", true],
    [column("json"), "a", "string", '"a"'],
    [column("other"), 5, "int", "5"],
  ];
  for (const [into, value, type, expected] of cases)
    assert.equal(fitted(value, type, into, plain), expected, `${into.type} ${value}`);
});

test("rudderStackTypes cuts fractions off", () => {
  const cut = (value: number, rules = cutting): unknown => fitted(value, "float", column("int"), rules);
  assert.equal(cut(7.9), 7);
  assert.equal(cut(-7.9), -7);
  assert.equal(String(cut(-0.5)), "0");
  assert.equal(cut(1e300), undefined);
  assert.equal(cut(7.9, plain), undefined);
});
