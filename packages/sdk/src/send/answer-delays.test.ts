import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { askedDelay, holdDelay, longestRetryAfter, parseRetryAfter } from "./answer-delays.ts";

const almostOne = 1 - 2 ** -53;

test("holds wait for the upper half of a ceiling that doubles from 30 s to 5 minutes", () => {
  for (const [index, ceiling] of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000].entries()) {
    assert.equal(holdDelay(index + 1, 0), ceiling / 2);
    assert.equal(Math.round(holdDelay(index + 1, almostOne)), ceiling);
  }
});

test("every hold is finite and bounded, however many there were", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.double({ min: 0, max: almostOne, noNaN: true }),
      (count, random) => {
        const hold = holdDelay(count, random);
        assert.ok(hold >= 15_000 && hold <= 300_000);
      },
    ),
  );
});

test("nobody comes back before the asked moment, and not all at once", () => {
  assert.equal(askedDelay(20_000, 0), 20_000);
  assert.equal(askedDelay(20_000, 0.5), 21_000);
  assert.equal(askedDelay(0, 0.5), 500);
});

test("Retry-After", () => {
  const now = Date.UTC(2026, 10, 23, 9, 0, 0);
  const table: readonly (readonly [string | undefined, string | undefined, number | undefined])[] = [
    [undefined, undefined, undefined],
    ["0", undefined, 0],
    ["120", undefined, 120_000],
    [" 1.5 ", undefined, 1_500],
    ["99999999999999999999", undefined, longestRetryAfter],
    ["-1", undefined, undefined],
    ["1e3", undefined, undefined],
    ["0x10", undefined, undefined],
    ["", undefined, undefined],
    ["2026", undefined, longestRetryAfter],
    ["soon", undefined, undefined],
    ["Sometime", undefined, undefined],
    ["Mon, 23 Nov 2026 09:00:30 GMT", undefined, 30_000],
    ["Mon, 23 Nov 2026 08:59:00 GMT", undefined, 0],
    ["Fri, 23 Nov 2096 09:00:30 GMT", undefined, longestRetryAfter],
    ["Monday, 23-Nov-26 09:00:30 GMT", undefined, 30_000],
    // The server's clock is an hour ahead.
    ["Mon, 23 Nov 2026 10:00:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", 30_000],
    ["Mon, 23 Nov 2026 09:00:30 GMT", "nonsense", 30_000],
  ];
  for (const [value, date, expected] of table) assert.equal(parseRetryAfter(value, date, now), expected, value);
});
