import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { IsoClock } from "./iso-clock.ts";

test("it gives what toISOString gives, in whatever order times come", () => {
  const time = fc.oneof(
    fc.integer({ min: 0, max: 4e12 }),
    fc.integer({ min: 1_000_000, max: 1_003_000 }),
    fc.integer({ min: -5_000, max: 0 }),
  );
  fc.assert(
    fc.property(fc.array(time), (times) => {
      const clock = new IsoClock();
      for (const each of times) assert.equal(clock.format(each), new Date(each).toISOString());
    }),
  );
});
