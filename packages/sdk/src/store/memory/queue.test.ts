import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { QueueEntry } from "../entry.ts";
import { MessageQueue, sizeInRequest } from "./queue.ts";

function entry(acceptedAt: number, lane: number, length = 100): QueueEntry {
  const made = new QueueEntry(lane, acceptedAt);
  made.length = length;
  return made;
}

const seqs = (entries: readonly QueueEntry[]): number[] => entries.map((each) => each.seq);

test("a batch takes messages of different and of the same lanes, oldest first, up to the count", () => {
  const queue = new MessageQueue();
  for (const [index, lane] of [1, 1, 2, 1, 3].entries()) queue.push(entry(index, lane));
  assert.deepEqual(seqs(queue.take(4, 1e6)), [1, 2, 3, 4]);
  assert.deepEqual(seqs(queue.take(4, 1e6)), [5]);
});

test("a batch takes no more bytes than it may", () => {
  const queue = new MessageQueue();
  for (let seq = 0; seq < 3; seq++) queue.push(entry(seq, seq));
  const one = sizeInRequest(entry(0, 0));
  assert.deepEqual(seqs(queue.take(9, 2 * one)), [1, 2]);
  assert.deepEqual(seqs(queue.take(9, one - 1)), []);
  assert.deepEqual(seqs(queue.take(9, one)), [3]);
});

test("a lane with a message out is closed, others are open", () => {
  const queue = new MessageQueue();
  const [a1, a2, b1, a3] = [entry(1, 7), entry(2, 7), entry(3, 8), entry(4, 7)];
  for (const each of [a1, a2, b1]) queue.push(each);
  assert.deepEqual(seqs(queue.take(1, 1e6)), [1]);
  assert.deepEqual(seqs(queue.take(9, 1e6)), [3]);
  queue.push(a3);
  assert.deepEqual(seqs(queue.take(9, 1e6)), []);
  assert.equal(queue.count, 0, "nothing can be taken");
  queue.done(a1);
  assert.equal(queue.count, 2);
  assert.deepEqual(seqs(queue.take(9, 1e6)), [2, 4]);
});

test("the oldest goes first when room is made, whatever it waits for", () => {
  const queue = new MessageQueue();
  const all = [entry(1, 7), entry(2, 7), entry(3, 8), entry(4, 7)];
  for (const each of all) queue.push(each);
  queue.take(1, 1e6);
  queue.take(9, 1e6);
  queue.push(entry(5, 9));
  assert.equal(queue.shift()?.seq, 2);
  assert.equal(queue.shift()?.seq, 4);
  assert.equal(queue.shift()?.seq, 5);
  assert.equal(queue.shift(), undefined);
  queue.done(all[0]!);
  assert.deepEqual([queue.count, queue.bytes, queue.oldest, queue.oldestTakeable], [0, 0, undefined, undefined]);
});

/** The same rules on a plain list, where they can be seen to be right. */
class Model {
  waiting: QueueEntry[] = [];
  out: QueueEntry[] = [];

  takeable(): QueueEntry[] {
    return this.waiting.filter(({ lane }) => !this.out.some((other) => other.lane === lane));
  }
}

test("it does what a plain list would do", () => {
  const operation = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ push: fc.integer({ min: 0, max: 5 }), length: fc.integer({ min: 1, max: 300 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ take: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 300, max: 1_500 }) }),
    },
    { weight: 3, arbitrary: fc.record({ done: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ shift: true }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const queue = new MessageQueue();
      const model = new Model();
      let seq = 0;
      for (const each of operations) {
        if ("push" in each) {
          const made = entry(seq++, each.push, each.length);
          queue.push(made);
          model.waiting.push(made);
        } else if ("take" in each) {
          const takeable = model.takeable();
          const taken = queue.take(each.take, each.bytes);
          const bytes = taken.reduce((sum, one) => sum + sizeInRequest(one), 0);
          assert.ok(taken.length <= each.take && bytes <= each.bytes);
          assert.deepEqual(
            seqs(taken),
            seqs(taken).toSorted((a, b) => a - b),
            "in the order of acceptance",
          );
          const fits = takeable[0] !== undefined && sizeInRequest(takeable[0]) <= each.bytes;
          assert.equal(taken.length > 0, fits, "something is taken if the oldest can be");
          for (const one of taken) assert.ok(takeable.includes(one), "its lane was open");
          model.out.push(...taken);
          model.waiting = model.waiting.filter((one) => !taken.includes(one));
          for (const one of taken) {
            const overtaken = model.waiting.find(({ lane, seq }) => lane === one.lane && seq < one.seq);
            assert.equal(overtaken, undefined, "nothing of its lane is overtaken");
          }
        } else if ("done" in each) {
          if (model.out.length === 0) continue;
          const [ended] = model.out.splice(each.done % model.out.length, 1);
          queue.done(ended!);
        } else {
          assert.equal(queue.shift(), model.waiting.shift());
        }
        const takeable = model.takeable();
        const counted = { count: takeable.length, bytes: takeable.reduce((sum, one) => sum + sizeInRequest(one), 0) };
        assert.ok(
          queue.count >= counted.count && queue.bytes >= counted.bytes,
          "fresh ones may turn out to be blocked",
        );
        assert.equal(queue.oldest, model.waiting[0]);
        if (takeable[0] !== undefined) assert.ok(queue.oldestTakeable!.seq <= takeable[0].seq);
      }
      for (const one of model.out) queue.done(one);
      const rest = queue.take(1e6, 1e9);
      assert.deepEqual(rest, model.waiting, "nothing is lost");
      for (const one of rest) queue.done(one);
      assert.deepEqual([queue.count, queue.bytes, queue.oldest, queue.oldestTakeable], [0, 0, undefined, undefined]);
    }),
  );
});
