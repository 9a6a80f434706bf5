import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { homeOf, placed } from "./homes.ts";

const on = (...ids: string[]) => ids.map((id) => ({ id, enabled: true }));

test("a first start places destinations in turn, the same each time", () => {
  assert.deepEqual(placed(on("a", "b", "c", "d", "e"), 2, {}), { a: 0, b: 1, c: 0, d: 1, e: 0 });
  const some = [{ id: "off", enabled: false }, ...on("a", "b")];
  assert.deepEqual(placed(some, 2, {}), { a: 0, b: 1, off: 0 });
});

test("what was measured decides: the heaviest first, each to the thread with the least", () => {
  const loads = { a: 0.1, b: 0.9, c: 0.2, d: 0.3 };
  assert.deepEqual(placed(on("a", "b", "c", "d"), 2, loads), { b: 0, d: 1, c: 1, a: 1 });
});

test("at a reload homes stay, those that are new go where there is least, and those that are gone are remembered", () => {
  const before = placed(on("a", "b", "c"), 2, {});
  const after = placed(on("b", "c", "d"), 2, { b: 0.1, c: 0.2 }, before);
  assert.deepEqual(after, { ...before, d: 1 });
  assert.equal(homeOf(after, "never seen"), 0);
});

test("from a thread that has too much, what brings the two closest is moved; idle ones stay", () => {
  const before = { a: 0, b: 0, c: 0, d: 1 };
  const all = on("a", "b", "c", "d");
  assert.deepEqual(placed(all, 2, { a: 0.5, b: 0.3, c: 0.1, d: 0 }, before), { ...before, a: 1 });
  assert.deepEqual(placed(all, 2, { a: 0.05, b: 0.03, c: 0.01, d: 0 }, before), before, "nobody is busy");
  assert.deepEqual(placed(all, 2, { a: 0.9, b: 0, c: 0, d: 0 }, before), before, "it would only swap the two");
  assert.deepEqual(placed(all, 2, {}, before), before, "nothing was measured");
});

test("each destination has one of the threads; a move never makes the busiest busier, and is the same each time", () => {
  const entry = fc.record({
    id: fc.constantFrom(..."abcdefghij"),
    enabled: fc.boolean(),
    load: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    home: fc.option(fc.nat(3), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: ({ id }) => id, minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      (all, threads) => {
        const loads = Object.fromEntries(all.flatMap(({ id, load }) => (load === undefined ? [] : [[id, load]])));
        const before = Object.fromEntries(
          all.flatMap(({ id, home }) => (home === undefined ? [] : [[id, home % threads]])),
        );
        const homes = placed(all, threads, loads, before);
        assert.deepEqual(placed(all, threads, loads, before), homes);
        const busiest = (at: Readonly<Record<string, number>>): number => {
          const busy = Array.from({ length: threads }, () => 0);
          for (const { id, enabled, load } of all) {
            if (enabled && load !== undefined && at[id] !== undefined) busy[at[id]]! += load;
          }
          return Math.max(...busy);
        };
        for (const { id } of all) assert.ok(homes[id]! >= 0 && homes[id]! < threads);
        const areAllKnown = all.every(({ home, load }) => home !== undefined && load !== undefined);
        if (areAllKnown) assert.ok(busiest(homes) <= busiest(before) + 1e-9);
      },
    ),
  );
});
