import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SourceRateLimit } from "./rate-limit.ts";

test("a second's worth passes at once, then as much as the time gives", () => {
  const limit = new SourceRateLimit(10);
  assert.equal(limit.take(10, 0), 0);
  assert.equal(limit.take(1, 0), 1);
  assert.equal(limit.take(1, 99), 0);
  assert.equal(limit.take(1, 99), 1);
});

test("a batch larger than a second's worth passes, and is paid back", () => {
  const limit = new SourceRateLimit(100);
  assert.equal(limit.take(1000, 0), 0);
  assert.equal(limit.take(1, 0), 9);
  assert.equal(limit.take(1, 8_999), 1);
  assert.equal(limit.take(1, 9_001), 0);
});

test("a limit below one event a second lets one through now and then", () => {
  const limit = new SourceRateLimit(0.1);
  assert.equal(limit.take(1, 0), 0);
  assert.equal(limit.take(1, 0), 1);
  assert.equal(limit.take(1, 1), 0);
  assert.equal(limit.take(1, 1), 10);
});

test("a clock that is set back gives nothing and takes nothing", () => {
  const limit = new SourceRateLimit(1);
  assert.equal(limit.take(1, 10_000), 0);
  assert.equal(limit.take(1, 0), 1);
  assert.equal(limit.take(1, 500), 0);
});

test("over any time no more passes than the rate, a second's worth, and one request", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat(3000)), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 200 }), (requests, rate) => {
      const limit = new SourceRateLimit(rate);
      let now = 0;
      let passed = 0;
      let largest = 0;
      for (const [events, pause] of requests) {
        now += pause;
        const wait = limit.take(events, now);
        if (wait === 0) passed += events;
        else assert.equal(limit.take(events, now), wait, "a refusal changes nothing");
        largest = Math.max(largest, events);
      }
      assert.ok(passed <= (now / 1000) * rate + rate + largest);
    }),
  );
});
