import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeUser, type UserState, type UserUpdate } from "./users.ts";

const update = (at: number, values: Record<string, string>): UserUpdate => ({
  at,
  values: new Map(Object.entries(values)),
});
const values = (state: Pick<UserState, "values">) => Object.fromEntries(state.values);

test("each column has its latest value, also when an event comes late", () => {
  const first = mergeUser(undefined, [update(1, { name: "x", age: "5" }), update(3, { name: "y" })]);
  assert.deepEqual([values(first), first.at, [...first.times]], [{ name: "y", age: "5" }, 3, [["age", 1]]]);
  const late = mergeUser(first, [update(2, { name: "z", age: "6" })]);
  assert.deepEqual([values(late), late.at, [...late.times]], [{ name: "y", age: "6" }, 3, [["age", 2]]]);
});

test("of equal times the last one wins", () => {
  const state = mergeUser(mergeUser(undefined, [update(1, { a: "1" })]), [update(1, { a: "2" })]);
  assert.deepEqual([values(state), state.times.size], [{ a: "2" }, 0]);
});

test("a row that others made has one time for all its columns; without any it is older than everything", () => {
  const known = {
    values: new Map([
      ["a", "old"],
      ["b", "old"],
    ]),
    at: 5,
    times: new Map<string, number>(),
  };
  const merged = mergeUser(known, [update(4, { a: "late" }), update(6, { b: "new" })]);
  assert.deepEqual([values(merged), [...merged.times]], [{ a: "old", b: "new" }, [["a", 5]]]);
  const timeless = mergeUser({ ...known, at: undefined }, [update(-5, { a: "new" })]);
  assert.deepEqual([values(timeless), timeless.at, timeless.times.size], [{ a: "new", b: "old" }, -5, 0]);
});

test("neither the order of arrival nor how it is split into merges changes the result", () => {
  const updates = fc.uniqueArray(
    fc.record({
      at: fc.integer({ min: 0, max: 1000 }),
      values: fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.string({ maxLength: 2 })),
    }),
    { selector: ({ at }) => at, minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(updates, fc.infiniteStream(fc.nat()), (all, random) => {
      const expected: Record<string, string> = {};
      for (const { values } of all.toSorted((one, other) => one.at - other.at)) Object.assign(expected, values);
      const next = () => random.next().value as number;
      const shuffled = all.map((item) => ({ item, key: next() })).toSorted((one, other) => one.key - other.key);
      let state: ReturnType<typeof mergeUser> | undefined;
      for (let at = 0; at < shuffled.length; ) {
        const size = 1 + (next() % 3);
        const part = shuffled.slice(at, at + size).map(({ item }) => update(item.at, item.values));
        // What is stored is what is read back: a merge knows nothing else of the earlier ones.
        state = mergeUser(state && structuredClone(state), part);
        at += size;
      }
      assert.deepEqual(new Map(state!.values), new Map(Object.entries(expected)));
      assert.equal(state!.at, Math.max(...all.map(({ at }) => at)));
    }),
  );
});
