import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { PartitionState } from "../ledger/partition.ts";
import type { WindowRecord } from "../ledger/window.ts";
import { type Entry, type Lane, newEntry } from "./entry.ts";
import { Lanes } from "./lanes.ts";

const limits = { parkAfter: 10_000, parkAbove: 1000 };

function entry(id: string, keyHash = 1): Entry {
  const event = { messageId: id } as unknown as DeliveredEvent;
  return newEntry({ source: { partition: 0 } } as PartitionState, {} as WindowRecord, {
    index: 0,
    event,
    sourceId: "s",
    keyHash,
    bytes: 1,
    cost: 1,
  });
}

function take(lanes: Lanes, probe = false): [Lane, string] {
  const lane = lanes.take(probe);
  assert.ok(lane !== undefined, "no lane is ready");
  return [lane, lanes.shift(lane)?.event.messageId ?? ""];
}

test("events of a key come one after the other, others between them", () => {
  const lanes = new Lanes(limits);
  for (const [id, key] of [
    ["a1", 1],
    ["a2", 1],
    ["b1", 2],
  ] as const)
    lanes.add(entry(id, key), true);
  const [a, first] = take(lanes);
  const [b, second] = take(lanes);
  assert.deepEqual([first, second, lanes.ready], ["a1", "b1", 0]);
  lanes.add(entry("a3", 1), true);
  assert.equal(lanes.ready, 0, "a busy lane is not ready");
  lanes.release(b);
  lanes.release(a);
  const [again, third] = take(lanes);
  assert.equal(third, "a2");
  lanes.release(again);
  assert.equal(take(lanes)[1], "a3");
});

test("events without a key wait for nobody", () => {
  const lanes = new Lanes(limits);
  lanes.add(entry("x", 0), false);
  lanes.add(entry("y", 0), false);
  assert.deepEqual([take(lanes)[1], take(lanes)[1]], ["x", "y"]);
});

test("a lane that waits comes back when it is due, with its failed event first", () => {
  const lanes = new Lanes(limits);
  const failing = entry("a1");
  lanes.add(failing, true);
  lanes.add(entry("a2"), true);
  const [lane] = take(lanes);
  lanes.unshift(lane, failing);
  lanes.wait(lane, 100, 0);
  assert.deepEqual([lanes.ready, lanes.waiting, lanes.nextDue], [0, 1, 100]);
  lanes.add(entry("b1", 2), true);
  lanes.wake(99);
  assert.equal(lanes.ready, 1);
  lanes.wake(100);
  assert.deepEqual([lanes.ready, lanes.waiting], [2, 0]);
  assert.equal(take(lanes)[1], "a1", "what was tried before goes first");
});

test("a probe rather takes a lane that did not fail last", () => {
  const lanes = new Lanes(limits);
  const failing = entry("a1");
  lanes.add(failing, true);
  lanes.add(entry("b1", 2), true);
  const [lane] = take(lanes);
  lanes.unshift(lane, failing);
  lanes.retry(lane);
  assert.equal(take(lanes, true)[1], "b1");
  assert.equal(take(lanes, true)[1], "a1", "there is no other");
});

test("an emptied lane is forgotten, and its key begins anew", () => {
  const lanes = new Lanes(limits);
  lanes.add(entry("a1"), true);
  const [lane] = take(lanes);
  lanes.release(lane);
  assert.equal(lanes.ready, 0);
  lanes.add(entry("a2"), true);
  assert.equal(take(lanes)[1], "a2");
  assert.throws(() => lanes.release({ ...lane, state: "ready" }), /ready, not busy/);
});
