import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnTypeOf, fit, isDateTime, type RowValue, typeOf, type ValueType, widen } from "./types.ts";

test("values have types", () => {
  const cases: readonly (readonly [RowValue, ValueType])[] = [
    [true, "boolean"],
    [0, "int"],
    [-0, "int"],
    [1e15, "int"],
    [-(2 ** 63), "int"],
    [2 ** 63, "float"],
    [1e300, "float"],
    [1.5, "float"],
    ["text", "string"],
    ["12", "string"],
    ["2026-11-23", "datetime"],
  ];
  for (const [value, type] of cases) assert.equal(typeOf(value), type, String(value));
});

test("dates are strict", () => {
  for (const text of [
    "2026-11-23",
    "2024-02-29",
    "0001-01-01",
    "9999-12-31T23:59:59.999999999Z",
    "2026-11-23T09:00",
    "2026-11-23T09:00Z",
    "2026-11-23T09:00:00z",
    "2026-11-23T09:00:00+01:00",
    "2026-11-23T09:00:00.5+0100",
    "2026-11-23T09:00:00-08",
    "2026-11-23 09:00:00",
  ])
    assert.ok(isDateTime(text), text);
  for (const text of [
    "2026-11-31",
    "2026-02-29",
    "1900-02-29",
    "0000-01-01",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-11",
    "20261123",
    "2026-11-23T24:00:00Z",
    "2026-11-23T09:60:00Z",
    "2026-11-23T09:00:00,5Z",
    "2026-11-23T09:00:00+15:00",
    "2026-11-23T09:00:00.1234567890Z",
    "2026-11-23T",
    "2026-11-23 ",
    "Mon, 23 Nov 2026 09:00:00 GMT",
    "event 7",
    "",
  ])
    assert.ok(!isDateTime(text), text);
});

test("what the clock says is a date", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      assert.ok(isDateTime(date.toISOString()));
    }),
  );
});

test("anything fits into string, int into float, everything into json, otherwise only its own", () => {
  const none = undefined;
  const table: readonly (readonly [
    RowValue,
    ValueType,
    ...Partial<Record<"b" | "i" | "f" | "d" | "s" | "j", unknown>>[],
  ])[] = [
    [true, "boolean", { b: true, i: none, f: none, d: none, s: "true", j: "true" }],
    [7, "int", { b: none, i: 7, f: 7, d: none, s: "7", j: "7" }],
    [7.5, "float", { b: none, i: widen, f: 7.5, d: none, s: "7.5", j: "7.5" }],
    ["2026-11-23", "datetime", { b: none, i: none, f: none, d: "2026-11-23", s: "2026-11-23", j: '"2026-11-23"' }],
    [2n ** 60n, "int", { b: none, i: 2n ** 60n, f: 2n ** 60n, d: none, s: String(2n ** 60n), j: String(2n ** 60n) }],
    [2n ** 64n, "float", { b: none, i: widen, f: 2n ** 64n, d: none, s: String(2n ** 64n), j: String(2n ** 64n) }],
    // What the gateway reads as a time fits, though it makes no column of times.
    [
      "2026-11-23T09:00:60+15:00",
      "string",
      {
        ...{ b: none, i: none, f: none, d: "2026-11-22T18:01:00.000Z" },
        ...{ s: "2026-11-23T09:00:60+15:00", j: '"2026-11-23T09:00:60+15:00"' },
      },
    ],
    ["a", "string", { b: none, i: none, f: none, d: none, s: "a", j: '"a"' }],
    ['["a"]', "array", { b: none, i: none, f: none, d: none, s: '["a"]', j: '["a"]' }],
    ['{"a":1}', "json", { b: none, i: none, f: none, d: none, s: '{"a":1}', j: '{"a":1}' }],
  ];
  for (const [value, type, expected] of table) {
    const { b, i, f, d, s, j } = expected!;
    const found = (["boolean", "int", "float", "datetime", "string", "json"] as const).map((to) =>
      fit(value, type, to),
    );
    assert.deepEqual(found, [b, i, f, d, s, j], `${type}`);
  }
});

test("a column that is made for a value takes it as it is", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt(), fc.boolean()),
      (value) => {
        assert.equal(fit(value, typeOf(value), columnTypeOf(typeOf(value))), value);
      },
    ),
  );
  assert.equal(columnTypeOf("array"), "string");
});
