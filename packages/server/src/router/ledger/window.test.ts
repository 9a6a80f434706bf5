import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Window, type WindowRecord } from "./window.ts";

const history = fc.array(
  fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 4 }), gap: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ finish: fc.nat() }),
  ),
  { maxLength: 80 },
);

test("progress lists exactly what is finished, and never moves backwards", () => {
  fc.assert(
    fc.property(fc.nat({ max: 10 }), history, (start, steps) => {
      const window = new Window(start);
      const open: [WindowRecord, number][] = [];
      const finished = new Set<string>();
      const all = new Set<string>();
      let low = window.low;
      for (const step of steps) {
        if ("add" in step) {
          const offset = window.position + step.gap;
          const record = window.add(offset, 0, step.add);
          for (let index = 0; index < step.add; index++) {
            open.push([record, index]);
            all.add(`${offset} ${index}`);
          }
        } else if (open.length > 0) {
          const [[record, index]] = open.splice(step.finish % open.length, 1) as [[WindowRecord, number]];
          window.finish(record, index);
          finished.add(`${record.offset} ${index}`);
        }
        const progress = window.progress();
        assert.ok(progress.low >= low, "backwards");
        low = progress.low;
        const listed = new Set(progress.finished.map(([offset, index]) => `${offset} ${index}`));
        assert.equal(listed.size, window.finishedAbove);
        for (const key of all) {
          const below = Number(key.split(" ")[0]) < low;
          assert.equal(below || listed.has(key), finished.has(key), `${key} with low ${low}`);
        }
        assert.equal(low, open.length === 0 ? window.position : Math.min(...open.map(([{ offset }]) => offset)));
      }
    }),
    { numRuns: 200 },
  );
});

test("an event finishes once, and offsets ascend", () => {
  const window = new Window(5);
  const record = window.add(5, 0, 2);
  window.finish(record, 1);
  assert.throws(() => window.finish(record, 1), RangeError);
  assert.throws(() => window.add(5, 0, 1), RangeError);
  window.skipTo(9);
  window.skipTo(7);
  assert.equal(window.position, 9);
});
