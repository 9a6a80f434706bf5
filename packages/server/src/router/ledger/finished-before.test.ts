import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FinishedBefore } from "./finished-before.ts";

const pairs = fc.array(fc.tuple(fc.nat(20), fc.nat(4)), { maxLength: 40 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), pairs }),
  fc.record({ kind: fc.constant("take" as const), offset: fc.nat(21) }),
  fc.record({ kind: fc.constant("drop" as const), offset: fc.nat(21) }),
);

test("it gives what a set of places gives, whatever is added, taken and dropped", () => {
  fc.assert(
    fc.property(pairs, fc.array(step, { maxLength: 12 }), (first, steps) => {
      let model: [number, number][] = [];
      const add = (more: readonly (readonly [number, number])[]): void => {
        const known = new Map([...model, ...more].map(([offset, index]) => [`${offset} ${index}`, [offset, index]]));
        model = [...known.values()].map(([offset, index]): [number, number] => [offset!, index!]);
        model.sort(([one, at], [other, otherAt]) => one - other || at - otherAt);
      };
      const finished = new FinishedBefore(first);
      add(first);
      for (const one of steps) {
        if (one.kind === "add") {
          finished.add(one.pairs);
          add(one.pairs);
        } else if (one.kind === "drop") {
          finished.dropBelow(one.offset);
          model = model.filter(([offset]) => offset >= one.offset);
        } else {
          const its = model.filter(([offset]) => offset === one.offset).map(([, index]) => index);
          assert.equal(finished.countOf(one.offset), its.length);
          assert.deepEqual([...finished.take(one.offset)], its);
          model = model.filter(([offset]) => offset > one.offset);
        }
        assert.deepEqual([...finished], model);
        assert.equal(finished.size, model.length);
      }
    }),
  );
});
