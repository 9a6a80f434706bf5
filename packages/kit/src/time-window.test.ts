import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { unmakeable } from "./refusal.ts";
import { window } from "./time-window.ts";

const now = Date.UTC(2026, 0, 31);
const day = 86_400_000;
const at = (time: number): DeliveredEvent => ({ timestamp: new Date(time).toISOString() }) as DeliveredEvent;

function refused(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return unmakeable(error);
  }
}

test("the edge is within, and a millisecond before it is too old", () => {
  const limits = { past: 7 * day };
  assert.equal(window(at(now - 7 * day), now, limits), now - 7 * day);
  assert.deepEqual(
    refused(() => window(at(now - 7 * day - 1), now, limits)),
    {
      outcome: "dead",
      reason: "too_old",
      detail: "timestamp: 7 days ago, the service takes 7 days",
    },
  );
  assert.deepEqual(
    refused(() => window(at(now - 100 * 60_000), now, { past: 90_000 })),
    {
      outcome: "dead",
      reason: "too_old",
      detail: "timestamp: 100 minutes ago, the service takes 90 seconds",
    },
  );
  assert.equal(window(at(0), now, {}), 0);
});

test("the future is the latest time that is taken, which is noted", () => {
  const notes: unknown[] = [];
  const note = (...words: unknown[]) => notes.push(words);
  assert.equal(window(at(now + 1), now, {}, note), now);
  assert.equal(window(at(now + 5000), now, { future: 5000 }, note), now + 5000);
  assert.equal(window(at(now + 5001), now, { future: 5000 }, note), now + 5000);
  assert.deepEqual(notes, [
    ["future", "timestamp"],
    ["future", "timestamp"],
  ]);
});

test("what is no time is refused", () => {
  assert.deepEqual(
    (refused(() => window({ timestamp: "then" } as DeliveredEvent, now, {})) as { reason: string }).reason,
    "invalid_value",
  );
});

test("a time is within its window, and the event's own where that is", () => {
  const span = fc.integer({ min: 0, max: 400 * day });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 * now }), span, span, (time, past, future) => {
      const found = refused(() => window(at(time), now, { past, future }));
      if (time < now - past) assert.equal((found as { reason: string }).reason, "too_old");
      else assert.equal(found, Math.min(time, now + future));
    }),
  );
});
