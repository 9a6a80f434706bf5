import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeMessage } from "../encode-message.ts";
import { QueueEntry } from "../store/entry.ts";
import { ByteStore } from "../store/memory/byte-store.ts";
import { MessageBatch } from "./batch.ts";
import { divide, mark, split, suspect } from "./batch-parts.ts";
import { nodeOf } from "./nodes.ts";

const store = new ByteStore();

function entry(seq: number, lane = seq, anonymousId = ""): QueueEntry {
  const made = new QueueEntry(lane, seq);
  made.seq = seq;
  const message = { type: "track" as const, userId: `u${lane}`, anonymousId, event: "e" };
  const envelope = { messageId: String(seq), originalTimestamp: "", base: undefined };
  assert.ok(store.write(made, encodeMessage(message, envelope), 1_000));
  return made;
}

const entries = (count: number): QueueEntry[] => Array.from({ length: count }, (_, seq) => entry(seq));
const shape = (batch: MessageBatch): number[][] => batch.parts.map((part) => part.entries.map(({ seq }) => seq));
const refusal = { alone: true, successes: 0, status: 400, words: "bad" };

test("a refusal splits the part at the front, and only that", () => {
  const batch = new MessageBatch(entries(5));
  split(batch);
  assert.deepEqual(shape(batch), [
    [0, 1, 2],
    [3, 4],
  ]);
  split(batch);
  assert.deepEqual(shape(batch), [[0, 1], [2], [3, 4]]);
  batch.shift();
  assert.deepEqual(shape(batch), [[2], [3, 4]]);
});

test("splitting finds one message among many with few requests", () => {
  for (const bad of [0, 1, 100, 249]) {
    const batch = new MessageBatch(entries(250));
    let requests = 0;
    while (batch.front !== undefined) {
      requests++;
      const { entries } = batch.front;
      if (entries.length > 1 && entries.some(({ seq }) => seq === bad)) split(batch);
      else batch.shift();
    }
    assert.ok(requests <= 17, `${requests} requests`);
  }
});

test("suspects are the first in order when they are restored", () => {
  const batch = new MessageBatch(entries(4));
  split(batch);
  split(batch);
  mark(batch, refusal);
  suspect(batch);
  suspect(batch);
  assert.deepEqual(shape(batch), [[2, 3]]);
  assert.equal(batch.oldest?.seq, 0);
  batch.restoreSuspects();
  assert.deepEqual(shape(batch), [[0], [1], [2, 3]]);
  assert.equal(batch.front?.refusal, refusal);
});

test("removing messages leaves no empty part, and forgets no suspect", () => {
  const batch = new MessageBatch(entries(4));
  split(batch);
  split(batch);
  suspect(batch);
  const gone = batch.remove(({ seq }) => seq > 0);
  assert.deepEqual(
    gone.map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.deepEqual(shape(batch), [[0]]);
  assert.equal(batch.isEmpty, false);
  batch.remove(() => true);
  assert.ok(batch.isEmpty);
  assert.equal(batch.oldest, undefined);
});

test("what failed less often comes first, then what is older", () => {
  const [older, newer] = [new MessageBatch([entry(1)]), new MessageBatch([entry(2)])];
  assert.ok(older.comesBefore(newer));
  older.failures = 1;
  assert.ok(newer.comesBefore(older));
  older.forgetFailures();
  assert.ok(older.comesBefore(newer));
});

test("divided for nodes: each part is for one node, nothing is lost, and the order within a lane stays", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ lane: fc.integer({ min: 0, max: 3 }), anonymousId: fc.constantFrom("", "a", "b", "c") })),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      (specs, counts) => {
        fc.pre(specs.length > 0);
        const all = specs.map(({ lane, anonymousId }, seq) => entry(seq, lane, anonymousId));
        const batch = new MessageBatch(all);
        for (const nodes of counts) {
          divide(batch, nodes);
          for (const part of batch.parts) {
            for (const { seq } of part.entries) {
              const { lane, anonymousId } = specs[seq]!;
              assert.equal(part.node, nodeOf({ userId: `u${lane}`, anonymousId }, nodes));
            }
          }
          const order = [...batch.entries()];
          assert.deepEqual(
            order.toSorted((a, b) => a.seq - b.seq),
            all,
          );
          for (const lane of [0, 1, 2, 3]) {
            const seqs = order.filter((each) => each.lane === lane).map(({ seq }) => seq);
            assert.deepEqual(
              seqs,
              seqs.toSorted((a, b) => a - b),
            );
          }
        }
      },
    ),
  );
});

test("one user with one identity is one part for each node", () => {
  const batch = new MessageBatch(Array.from({ length: 30 }, (_, seq) => entry(seq, seq % 10)));
  divide(batch, 3);
  assert.ok(batch.parts.length <= 3);
});

test("divided again for as many nodes, a split stays", () => {
  const batch = new MessageBatch(entries(4));
  divide(batch, 1);
  split(batch);
  divide(batch, 1);
  assert.deepEqual(shape(batch), [
    [0, 1],
    [2, 3],
  ]);
});
