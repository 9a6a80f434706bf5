import assert from "node:assert/strict";
import { test as plainTest } from "node:test";
import { delivered } from "@pintle/kit";
import fc from "fast-check";
import { FakeDestination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { test } from "../testing/router-test.ts";
import { RateLimit } from "./rate-limit.ts";

plainTest("events are spaced evenly, and a pause is made up for by a tenth of a second's worth", () => {
  const limit = new RateLimit(100);
  const sent: number[] = [];
  for (let now = 0; now <= 100; now++) {
    while (limit.next(now) <= now) {
      limit.took(1, now);
      sent.push(now);
    }
  }
  assert.deepEqual(sent.slice(0, 13), [...new Array(11).fill(0), 10, 20], "ten are saved up, and one is due");
  assert.equal(sent.length, 21);
});

plainTest("a batch goes out whole, and the pause after it is as long as it is large", () => {
  const limit = new RateLimit(10);
  limit.took(100, 1000);
  assert.equal(limit.next(1000), 1000 - 100 + 10_000);
  assert.equal(limit.next(20_000), 20_000);
});

plainTest("over any time, no more goes out than the rate, a tenth of a second and one batch allow", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 10_000, noNaN: true }),
      fc.array(fc.record({ pause: fc.integer({ min: 0, max: 3000 }), batch: fc.integer({ min: 1, max: 50 }) })),
      (rate, steps) => {
        const limit = new RateLimit(rate);
        let now = 0;
        let total = 0;
        let largest = 0;
        for (const { pause, batch } of steps) {
          now += pause;
          if (limit.next(now) > now) continue;
          limit.took(batch, now);
          total += batch;
          largest = Math.max(largest, batch);
          assert.ok(total <= (rate * (now + 100)) / 1000 + largest + 1e-6, `${total} by ${now}`);
        }
      },
    ),
  );
});

test("a limited destination gets its events late, and another one does not notice", async () => {
  const times: Record<string, number[]> = { slow: [], fast: [] };
  const fake = (name: string): FakeDestination =>
    new FakeDestination((events) => {
      times[name]!.push(...events.map(() => harness.clock.now()));
      return events.map(() => delivered);
    });
  const harness: RouterHarness = await RouterHarness.open({
    destinations: { slow: fake("slow"), fast: fake("fast") },
    pipelines: { slow: { throttle: new RateLimit(10) } },
  });
  const start = harness.clock.now();
  await harness.accept(Array.from({ length: 6 }, (_, at) => ({ messageId: `m${at}`, userId: `u${at}` })));
  assert.equal(times.fast!.length, 6);
  for (let step = 0; step < 8; step++) await harness.clock.advance(100);
  assert.deepEqual(
    times.slow!.map((time) => time - start),
    [0, 0, 100, 200, 300, 400],
  );
  await harness.close();
});
