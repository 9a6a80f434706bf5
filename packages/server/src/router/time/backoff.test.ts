import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, longestBackoff } from "./backoff.ts";

test("waits are anything up to a bound that doubles from 1 s to 5 min", () => {
  const almostOne = () => 1 - Number.EPSILON;
  const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1000].map((failures) => backoff(failures, almostOne));
  assert.deepEqual(
    bounds,
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1000),
  );
  assert.equal(
    backoff(5, () => 0),
    0,
  );
  assert.equal(
    backoff(3, () => 0.25),
    1000,
  );
});

test("Retry-After is a lower bound, also above the longest wait", () => {
  assert.equal(
    backoff(1, () => 0, 30_000),
    30_000,
  );
  assert.equal(
    backoff(20, () => 0.99, 30_000),
    0.99 * longestBackoff,
  );
  assert.equal(
    backoff(1, () => 0.5, 3_600_000),
    3_600_000,
  );
});
