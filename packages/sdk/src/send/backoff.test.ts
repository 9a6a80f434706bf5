import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryDelay } from "./backoff.ts";

const almostOne = 1 - 2 ** -53;

test("retries wait for 250 ms at least, and for no more than a ceiling that doubles up to 30 s", () => {
  const ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  for (const [index, ceiling] of ceilings.entries()) {
    assert.equal(retryDelay(index + 1, 0), 250);
    assert.equal(Math.round(retryDelay(index + 1, almostOne)), ceiling);
    assert.equal(retryDelay(index + 1, 0.5), (250 + ceiling) / 2, "the whole range is used");
  }
});

test("every wait is finite and bounded, however often it failed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.double({ min: 0, max: almostOne, noNaN: true }),
      (count, random) => {
        const retry = retryDelay(count, random);
        assert.ok(retry >= 250 && retry <= 30_000);
      },
    ),
  );
});
