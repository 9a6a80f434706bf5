import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { singleOut } from "./single-out.ts";

test("exactly the bad ones are refused, and the good ones loaded once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean()), async (good) => {
      const items = good.map((isGood, index) => ({ isGood, index }));
      const loaded: number[] = [];
      const refused = await singleOut(items, async (some) => {
        if (some.some(({ isGood }) => !isGood)) return new Error("refused");
        loaded.push(...some.map(({ index }) => index));
        return undefined;
      });
      assert.deepEqual(
        loaded,
        items.filter(({ isGood }) => isGood).map(({ index }) => index),
      );
      assert.deepEqual(
        [...refused.keys()],
        items.filter(({ isGood }) => !isGood),
      );
    }),
  );
});

test("one among 10,000 costs few loads, and each row few copies", async () => {
  let loads = 0;
  let rows = 0;
  const items = Array.from({ length: 10_000 }, (_, index) => index);
  await singleOut(items, async (some) => {
    loads++;
    rows += some.length;
    return some.includes(7777) ? "refused" : undefined;
  });
  assert.ok(loads <= 2 * 14 + 1, `${loads} loads`);
  assert.ok(rows <= 3.1 * 10_000, `${rows} rows`);
});

test("an error that is no refusal ends it", async () => {
  await assert.rejects(
    singleOut([1, 2], async () => {
      throw new Error("gone");
    }),
    /gone/,
  );
});
