import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram, latencyBounds } from "./histogram.ts";

test("each bucket counts what is at or below its bound", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e5, noNaN: true })), (values) => {
      const histogram = new Histogram(latencyBounds);
      for (const value of values) histogram.add(value);
      const { buckets, count, sum } = histogram.toJSON();
      assert.deepEqual(
        buckets,
        latencyBounds.map((bound) => [bound, values.filter((value) => value <= bound).length]),
      );
      assert.equal(count, values.length);
      assert.ok(Math.abs(sum - values.reduce((total, value) => total + value, 0)) < 1e-6);
    }),
  );
});
