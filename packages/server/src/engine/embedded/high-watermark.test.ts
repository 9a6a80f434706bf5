import assert from "node:assert/strict";
import { test } from "node:test";
import { HighWatermark } from "./high-watermark.ts";

const signal = (): AbortSignal => new AbortController().signal;

test("it moves forward only", () => {
  const durable = new HighWatermark(3, 5);
  durable.advance(4, 9);
  durable.advance(2, 7);
  assert.deepEqual([durable.start, durable.end], [4, 9]);
});

test("a wait ends when the end is behind it, and not before", async () => {
  const durable = new HighWatermark(0, 5);
  await durable.wait(4, signal());
  let woken = 0;
  const waits = [5, 5, 6].map((from) => durable.wait(from, signal()).then(() => woken++));
  durable.advance(0, 5);
  await Promise.resolve();
  assert.equal(woken, 0);
  durable.advance(0, 6);
  await Promise.all(waits.slice(0, 2));
  assert.equal(woken, 2);
  durable.advance(0, 7);
  await Promise.all(waits);
  assert.equal(woken, 3);
});

test("a wait ends when it is aborted, also before it began, and leaves nothing behind", async () => {
  const durable = new HighWatermark(0, 0);
  await durable.wait(0, AbortSignal.abort());
  const controller = new AbortController();
  const wait = durable.wait(0, controller.signal);
  controller.abort();
  await wait;
});
