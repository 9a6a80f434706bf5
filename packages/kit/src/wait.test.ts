import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { waitIn, waitOf } from "./wait.ts";

const now = Date.UTC(2026, 0, 1);
const day = 86_400_000;

const table: readonly [value: unknown, wait: number | undefined][] = [
  ["3", 3000],
  [" 0 ", 0],
  ["1.25", 1250],
  [0.64, 640],
  ["500ms", 500],
  ["2 s", 2000],
  [String(now / 1000 + 60), 60_000],
  [String(now + 1500), 1500],
  [now / 1000 - 60, 0],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Thursday, 01-Jan-26 00:00:30 GMT", 30_000],
  ["2026-01-01T00:00:02Z", 2000],
  ["Wed, 31 Dec 2025 23:00:00 GMT", 0],
  ["Fri, 31 Dec 9999 23:59:59 GMT", day],
  ["999999999", day],
  ["99999999999999999999", day],
  ["99999999999", day],
  ["", undefined],
  ["-5", undefined],
  ["soon", undefined],
  ["1,5", undefined],
  ["0x10", undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [["3"], undefined],
  [null, undefined],
  [undefined, undefined],
];
for (const [value, wait] of table) {
  test(`${JSON.stringify(value)} is ${wait === undefined ? "no wait" : `${wait} ms`}`, () => {
    assert.equal(waitIn(value, now), wait);
  });
}

test("the first header that can be read counts, and `-ms` says milliseconds", () => {
  const headers = { "retry-after": "soon", "x-ratelimit-reset": String(now / 1000 + 5), "retry-after-ms": "250" };
  assert.equal(waitOf({ headers }, now), undefined);
  assert.equal(waitOf({ headers }, now, ["retry-after", "x-ratelimit-reset"]), 5000);
  assert.equal(waitOf({ headers }, now, ["retry-after-ms", "x-ratelimit-reset"]), 250);
  assert.equal(waitOf({ headers }, now, ["constructor", "__proto__"]), undefined);
});

test("a wait is a whole number of milliseconds from 0 to a day, or none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.double().map(String), fc.anything()), (value) => {
      const wait = waitIn(value, now);
      assert.ok(wait === undefined || (Number.isInteger(wait) && wait >= 0 && wait <= day), String(wait));
    }),
  );
});
