import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describe, EventError } from "./event-error.ts";

test("a message names type, field and value, and says what to do", () => {
  const error = new EventError("PINTLE_EVENT_FIELD_TYPE", "track", "properties", 7, "an object");
  assert.equal(error.message, "track: properties is 7, expected an object; give a value of the declared type");
  assert.deepEqual(
    { code: error.code, type: error.type, field: error.field, value: error.value, retryable: error.retryable },
    { code: "PINTLE_EVENT_FIELD_TYPE", type: "track", field: "properties", value: 7, retryable: false },
  );
});

test("any value can be shown, shortly", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const cases: ReadonlyArray<readonly [unknown, string]> = [
    [undefined, "missing"],
    [null, "null"],
    ["", '""'],
    [12n, "12n"],
    [Number.NaN, "NaN"],
    [cycle, "an object"],
    [[1n], "an array"],
    [() => 1, "a function"],
    [Symbol("x"), "a symbol"],
    [new Date(Number.NaN), "an invalid Date"],
  ];
  for (const [value, shown] of cases) assert.equal(describe(value), shown);
  assert.ok(describe("x".repeat(10_000)).length < 120);
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
      (value) => describe(value).length < 120,
    ),
  );
});
