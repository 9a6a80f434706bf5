import assert from "node:assert/strict";
import { test } from "node:test";
import { QueueEntry } from "../store/entry.ts";
import { Flushes } from "./flushes.ts";

const never = new Promise<void>(() => {});

function entries(...seqs: number[]): QueueEntry[] {
  return seqs.map((seq) => Object.assign(new QueueEntry(seq, 0), { seq }));
}

test("a flush tells what became of the messages up to its mark, and of no others", async () => {
  const flushes = new Flushes();
  const flushed = flushes.wait(3, 3, never);
  flushes.ended(entries(1, 4), "delivered");
  flushes.ended(entries(2, 5), "dropped");
  flushes.ended(entries(3), "delivered");
  assert.deepEqual(await flushed, { delivered: 2, dropped: 1, pending: 0 });
});

test("nothing to wait for is told at once", async () => {
  assert.deepEqual(await new Flushes().wait(3, 0, never), { delivered: 0, dropped: 0, pending: 0 });
});

test("when the time is over, the rest is pending; what ends later changes nothing", async () => {
  const flushes = new Flushes();
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const flushed = flushes.wait(2, 2, over);
  flushes.ended(entries(1), "delivered");
  end();
  const result = await flushed;
  flushes.ended(entries(2), "delivered");
  assert.deepEqual(result, { delivered: 1, dropped: 0, pending: 1 });
});

test("lost messages are dropped ones, as far as they are waited for", async () => {
  const flushes = new Flushes();
  const [short, long] = [flushes.wait(12, 3, never), flushes.wait(20, 8, never)];
  flushes.ended(entries(10), "delivered");
  // Those at the positions 11 to 14.
  flushes.lost(10, 4);
  assert.deepEqual(await short, { delivered: 1, dropped: 2, pending: 0 });
  flushes.ended(entries(15, 16, 17), "delivered");
  assert.deepEqual(await long, { delivered: 4, dropped: 4, pending: 0 });
});
