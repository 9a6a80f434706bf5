import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DueQueue } from "./due-queue.ts";
import { Queue } from "./queue.ts";

test("a queue gives what an array gives", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat()), { maxLength: 400, size: "max" }), (steps) => {
      const queue = new Queue<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) assert.equal(queue.shift(), model.shift());
        else {
          queue.push(step);
          model.push(step);
        }
        assert.deepEqual([queue.size, queue.first], [model.length, model[0]]);
      }
      assert.deepEqual([...queue], model);
    }),
  );
});

test("a due queue gives what is due, the earliest first", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.nat({ max: 50 })), { maxLength: 200, size: "max" }),
      fc.nat({ max: 50 }),
      (steps, now) => {
        const queue = new DueQueue<number>();
        let model: number[] = [];
        for (const due of steps) {
          if (due !== null) {
            queue.push(due, due);
            model.push(due);
          } else {
            const first = Math.min(...model);
            const expected = first <= now ? first : undefined;
            assert.equal(queue.shiftDue(now), expected);
            const at = model.indexOf(first);
            if (expected !== undefined) model = model.filter((_, index) => index !== at);
          }
          assert.deepEqual([queue.size, queue.nextDue], [model.length, Math.min(...model)]);
        }
      },
    ),
  );
});
