import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PendingIndex, type UnreadRange } from "./pending-index.ts";
import { RecordBatch } from "./record-batch.ts";
import { StoredEntry } from "./stored-entry.ts";

const journal = 1;

/** A record at that offset, with messages of ten bytes. */
function record(offset: number, count: number): RecordBatch {
  const batch = RecordBatch.stored(journal, offset);
  for (let index = 0; index < count; index++) {
    const entry = new StoredEntry(index, 0);
    entry.length = 10;
    batch.add(entry);
  }
  return batch;
}

const entriesOf = (batch: RecordBatch): StoredEntry[] => batch.entries.filter((entry) => entry !== undefined);

test("low is the floor while nothing waits, and else the oldest record with a message that has not ended", () => {
  const index = new PendingIndex();
  assert.equal(index.low(9), 9);
  const [a, b] = [record(3, 2), record(5, 1)];
  for (const batch of [a, b]) {
    index.stored(batch);
    index.loaded(batch);
  }
  assert.deepEqual([index.low(9), index.bytes, index.isEmpty], [3, 30, false]);
  const [first, second] = entriesOf(a);
  assert.deepEqual(index.ended(second!), { offset: 3, index: 1 });
  assert.equal(index.low(9), 3);
  index.ended(first!);
  assert.equal(index.low(9), 5);
  index.ended(entriesOf(b)[0]!);
  assert.deepEqual([index.low(9), index.bytes, index.isEmpty], [9, 0, true]);
});

test("a message whose record is not in memory cannot end", () => {
  const [entry] = entriesOf(record(3, 1));
  assert.throws(() => new PendingIndex().ended(entry!), /offset 3/);
});

test("neighbours on disk are one range, and only neighbours", () => {
  const index = new PendingIndex();
  const range = index.spilled(record(1, 2), undefined);
  assert.deepEqual(range, { journal, from: 1, to: 2, count: 2, bytes: 20 });
  assert.equal(index.spilled(record(4, 1), range), undefined);
  assert.deepEqual(range, { journal, from: 1, to: 5, count: 3, bytes: 30 });
  const other = index.spilled(record(6, 1), undefined);
  assert.deepEqual(other, { journal, from: 6, to: 7, count: 1, bytes: 10 });
  assert.notEqual(index.spilled(record(8, 1), range), undefined, "another range lies between");
  index.finishRange();
  assert.equal(index.low(9), 6);
});

test("messages that have been moved count where they are", () => {
  const index = new PendingIndex();
  const old = record(2, 2);
  index.stored(old);
  index.loaded(old);
  const copy = RecordBatch.stored(journal, 8);
  copy.origins = [
    { offset: 2, index: 0 },
    { offset: 2, index: 1 },
  ];
  for (const entry of entriesOf(old)) copy.add(entry);
  index.replaced([old], copy);
  assert.deepEqual([index.low(9), index.bytes], [8, 20]);
  assert.deepEqual(
    entriesOf(copy).map((entry) => index.ended(entry)),
    [
      { offset: 8, index: 0 },
      { offset: 8, index: 1 },
    ],
  );
  assert.ok(index.isEmpty);
});

test("whatever is stored, spilled, read, moved and ended: low is what a plain list says", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ store: fc.integer({ min: 1, max: 4 }), spill: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ end: fc.nat() }) },
    { weight: 2, arbitrary: fc.constant({ read: true }) },
    { weight: 1, arbitrary: fc.constant({ move: true }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const index = new PendingIndex();
      const inMemory: StoredEntry[] = [];
      const ranges: UnreadRange[] = [];
      const spilled = new Map<number, number>();
      let next = 0;
      for (const each of steps) {
        if ("store" in each) {
          const batch = record(next++, each.store);
          index.stored(batch);
          // What is stored behind a range has to wait behind it.
          if (each.spill || ranges.length > 0) {
            spilled.set(batch.offset, each.store);
            const range = index.spilled(batch, ranges.at(-1));
            if (range !== undefined) ranges.push(range);
          } else {
            inMemory.push(...entriesOf(batch));
            index.loaded(batch);
          }
        } else if ("end" in each) {
          if (inMemory.length === 0) continue;
          const [entry] = inMemory.splice(each.end % inMemory.length, 1);
          index.ended(entry!);
        } else if ("read" in each) {
          const range = ranges.shift();
          if (range === undefined) continue;
          for (const [offset, count] of spilled) {
            if (offset >= range.to) continue;
            spilled.delete(offset);
            const batch = record(offset, count);
            inMemory.push(...entriesOf(batch));
            index.loaded(batch);
          }
          index.finishRange();
        } else {
          const from = index.oldest().slice(0, 2);
          const copy = RecordBatch.stored(journal, next++);
          copy.origins = [];
          for (const batch of from) {
            for (const entry of entriesOf(batch)) {
              copy.origins.push({ offset: batch.offset, index: entry.index });
              copy.add(entry);
            }
          }
          index.replaced(from, copy);
        }
        const offsets = [...inMemory.map((entry) => entry.record!.offset), ...spilled.keys()];
        const left = [...spilled.values()].reduce((sum, count) => sum + count, inMemory.length);
        assert.equal(index.low(next), Math.min(next, ...offsets));
        assert.equal(index.bytes, 10 * left);
        assert.equal(index.isEmpty, left === 0);
      }
    }),
  );
});
