import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { groupsOf } from "./grouping.ts";
import { Suspects } from "./suspects.ts";

function grouped(weights: readonly number[], limits: { events: number; items?: number }, counts = true): number[][] {
  const events = weights.map((weight, at) => ({ messageId: `m${at}`, weight }) as unknown as DeliveredEvent);
  return groupsOf(events, {
    keyOf: undefined,
    itemsOf: counts
      ? (event) => {
          const { weight } = event as unknown as { weight: number };
          if (weight < 0) throw new Error("none");
          return weight;
        }
      : undefined,
    limits: { bytes: 1000, whole: false, ...limits },
    inOrder: false,
    suspects: new Suspects(),
  });
}

test("a request holds no more items than the limit, unless they are one event's", () => {
  assert.deepEqual(grouped([1, 2, 3, 1, 9, 1, 1], { events: 10, items: 4 }), [[0, 1], [2, 3], [4], [5, 6]]);
  assert.deepEqual(grouped([2, 2, 2], { events: 4 }), [[0, 1], [2]], "the limit of events is that of items");
  assert.deepEqual(grouped([0, 0, 0, 1], { events: 2, items: 1 }), [
    [0, 1],
    [2, 3],
  ]);
  assert.deepEqual(grouped([5, 5], { events: 2 }, false), [[0, 1]]);
  assert.deepEqual(grouped([-1, 1, 1], { events: 5, items: 2 }), [[0, 1], [2]]);
});

test("whatever events make, all are there in their order, within both limits, and parts are no smaller than need be", () => {
  const weight = fc.integer({ min: 0, max: 6 });
  const most = fc.integer({ min: 1, max: 8 });
  fc.assert(
    fc.property(fc.array(weight, { maxLength: 30 }), most, most, (weights, events, items) => {
      const parts = grouped(weights, { events, items });
      assert.deepEqual(parts.flat(), [...weights.keys()]);
      const sum = (part: readonly number[]): number => part.reduce((total, at) => total + weights[at]!, 0);
      parts.forEach((part, at) => {
        assert.ok(part.length <= events && (sum(part) <= items || part.length === 1));
        const next = parts[at + 1]?.[0];
        if (next !== undefined) assert.ok(part.length === events || sum(part) + weights[next]! > items);
      });
    }),
  );
});
