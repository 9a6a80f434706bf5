import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted } from "../warehouse/load/fitted.ts";
import type { RowValue, ValueType } from "../warehouse/types.ts";
import { describeColumn } from "./catalog.ts";

test("columns that others made take what their types take", () => {
  const cases: readonly (readonly [typname: string, typmod: number, RowValue, ValueType, string | undefined])[] = [
    ["int4", -1, 2147483647, "int", "2147483647"],
    ["int4", -1, 2147483648, "int", undefined],
    ["int2", -1, -32769, "int", undefined],
    ["numeric", 4 + ((5 << 16) | 2), 999.99, "float", "999.99"],
    ["numeric", 4 + ((5 << 16) | 2), 1000, "int", undefined],
    ["numeric", -1, 1e30, "float", "1e+30"],
    ["float4", -1, 1e39, "float", undefined],
    ["float8", -1, 1e300, "float", "1e+300"],
    ["varchar", 4 + 3, "abc", "string", "abc"],
    ["varchar", 4 + 3, "abcd", "string", undefined],
    ["varchar", 4 + 3, "😀😀😀", "string", "😀😀😀"],
    ["varchar", -1, 5, "int", "5"],
    ["date", -1, "2026-11-23", "datetime", "2026-11-23"],
    ["timestamp", -1, "never", "string", undefined],
    ["bool", -1, true, "boolean", "true"],
    ["jsonb", -1, "a", "string", '"a"'],
    ["uuid", -1, "anything", "string", "anything"],
  ];
  for (const [typname, typmod, value, type, expected] of cases) {
    const column = describeColumn(typname, typmod, typname, true);
    const found = fitted(value, type, column, { rudderStackTypes: false });
    assert.equal(found === undefined ? undefined : String(found), expected, `${typname} ${value}`);
  }
});

test("a bigint can be widened, and no other type", () => {
  const widens = (typname: string): unknown => describeColumn(typname, -1, typname, true).widens;
  assert.equal(widens("int8"), true);
  for (const typname of ["int4", "int2", "numeric", "text"]) assert.equal(widens(typname), undefined, typname);
});
