import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteStore, Slice } from "./byte-store.ts";

const text = (slice: Slice): string => new TextDecoder("utf-8", { fatal: true }).decode(slice.bytes);

test("a limit is one of UTF-8 bytes", () => {
  const store = new ByteStore();
  const table: readonly (readonly [string, number])[] = [
    ["", 0],
    ["abc", 3],
    ["\u00e9", 2],
    ["\u20ac", 3],
    ["\u{1f600}", 4],
    ["\u00e9".repeat(10_000), 20_000],
    ["\u20ac".repeat(200_000), 600_000],
  ];
  for (const [value, bytes] of table) {
    const slice = new Slice();
    assert.equal(store.write(slice, value, bytes - 1), false, "one byte less does not do");
    assert.equal(store.write(slice, value, bytes), true);
    assert.equal(slice.length, bytes);
    assert.equal(text(slice), value);
  }
});

test("bytes that were given back are gone", () => {
  const store = new ByteStore();
  const slice = new Slice();
  store.write(slice, "abc", 10);
  store.free(slice);
  store.free(slice);
  assert.throws(() => slice.bytes, /given them back/);
  assert.equal(slice.length, 3);
});

test("whatever is written and given back, what is held stays as it was written", () => {
  const operation = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        write: fc.string({ unit: "binary", maxLength: 200 }),
        times: fc.integer({ min: 1, max: 500 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ free: fc.nat(), count: fc.nat(1_000) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const store = new ByteStore();
      const held: { slice: Slice; value: string }[] = [];
      for (const each of operations) {
        if ("write" in each) {
          for (let time = 0; time < each.times; time++) {
            const value = `${time}${each.write}`;
            const slice = new Slice();
            assert.ok(store.write(slice, value, 1_000));
            held.push({ slice, value });
          }
        } else {
          const from = held.length === 0 ? 0 : each.free % held.length;
          for (const { slice } of held.splice(from, each.count)) store.free(slice);
        }
        for (const { slice, value } of held) assert.equal(text(slice), value);
      }
    }),
    { numRuns: 30 },
  );
});

test("memory is used again", () => {
  const store = new ByteStore();
  const chunks = new Set<unknown>();
  for (let round = 0; round < 100; round++) {
    const slices = Array.from({ length: 1_000 }, () => new Slice());
    for (const slice of slices) {
      store.write(slice, "x".repeat(600), 1_000);
      chunks.add(slice.chunk);
    }
    for (const slice of slices) store.free(slice);
  }
  assert.ok(chunks.size < 20, `60 MB passed through ${chunks.size} chunks`);
});
