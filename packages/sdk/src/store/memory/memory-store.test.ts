import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { QueueEntry } from "../entry.ts";
import { MemoryStore } from "./memory-store.ts";

const never = (): boolean => false;

test("a message comes to the queue at once, with its position", () => {
  const store = new MemoryStore(() => 100);
  const [a, b] = [store.add("aaa", 1, 7, 10, never), store.add("b", 2, 8, 10, never)] as [QueueEntry, QueueEntry];
  assert.deepEqual([a.seq, a.lane, a.acceptedAt, a.length], [1, 1, 7, 3]);
  assert.equal(b.seq, 2);
  assert.deepEqual(store.queue.take(9, 1e6), [a, b]);
  assert.equal(store.room, 96);
});

test("what is too large or does not fit leaves nothing behind", () => {
  const store = new MemoryStore(() => 10);
  assert.equal(store.add("x".repeat(11), 1, 0, 10, never), "too_large");
  assert.equal(store.room, 10);
  store.add("x".repeat(6), 1, 0, 10, never);
  assert.equal(store.add("x".repeat(5), 1, 0, 10, never), "queue_full");
  assert.equal(store.room, 4);
  assert.equal(store.queue.count, 1);
});

test("messages end at once, and stay in no store that the client leaves", () => {
  const store = new MemoryStore(() => 10);
  const entry = store.add("x", 1, 0, 10, never) as QueueEntry;
  let isDone = false;
  store.end([entry], () => {
    isDone = true;
  });
  assert.ok(isDone);
  assert.deepEqual(store.leave([entry]), [entry]);
  store.free([entry]);
  assert.equal(store.room, 10);
});

test("whatever comes and ends, and however the limit changes: no message is added beyond it", () => {
  const step = fc.oneof(
    fc.record({ add: fc.string({ maxLength: 30, unit: "binary" }), most: fc.integer({ min: 5, max: 60 }) }),
    fc.record({ end: fc.nat() }),
    fc.record({ limit: fc.integer({ min: 0, max: 200 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.boolean(), (steps, evicts) => {
      let limit = 100;
      const store = new MemoryStore(() => limit);
      const held: QueueEntry[] = [];
      const free = (at: number): void => store.free(held.splice(at, 1));
      const evict = (): boolean => {
        if (!evicts || held.length === 0) return false;
        free(0);
        return true;
      };
      for (const each of steps) {
        if ("limit" in each) limit = each.limit;
        else if ("end" in each) {
          if (held.length > 0) free(each.end % held.length);
        } else {
          const bytes = new TextEncoder().encode(each.add).length;
          const before = store.room;
          const entry = store.add(each.add, 1, 0, each.most, evict);
          if (entry === "too_large") assert.ok(bytes > each.most);
          else if (entry === "queue_full") assert.ok(bytes > before && (!evicts || held.length === 0));
          else {
            assert.ok(bytes <= each.most && store.room >= 0);
            assert.equal(
              new TextDecoder().decode(entry.bytes),
              new TextDecoder().decode(new TextEncoder().encode(each.add)),
            );
            held.push(entry);
          }
        }
        assert.equal(store.room, limit - held.reduce((sum, { length }) => sum + length, 0));
      }
    }),
  );
});
