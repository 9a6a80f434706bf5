import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lane } from "../lanes/entry.ts";
import { ParkedLane, type PendingWrite } from "./parked-lane.ts";

function parkedLane(state: Lane["state"] = "parked"): ParkedLane {
  return new ParkedLane({ id: 1, state } as Lane, 1);
}

const write = {} as PendingWrite;

test("a front goes from rest to memory and back, and never past a step", () => {
  const parked = parkedLane();
  for (const state of ["due", "queued", "loading", "loaded", "due", "queued", "loading", "resting"] as const) {
    parked.front = state;
  }
  assert.throws(() => {
    parked.front = "loaded";
  }, /its front is resting, not to be loaded/);
  parked.front = "due";
  assert.throws(() => {
    parked.front = "due";
  }, /its front is due, not to be due/);
});

test("a back writes or moves one thing at a time", () => {
  const parked = parkedLane();
  parked.back = "gathering";
  parked.back = "writing";
  assert.throws(() => {
    parked.back = "moving";
  }, /its back is writing, not to be moving/);
  parked.back = "settled";
  parked.back = "moving";
  assert.throws(() => {
    parked.back = "writing";
  }, /its back is moving, not to be writing/);
});

test("nothing of a lane is moved while some of it is in memory, or on its way there", () => {
  const parked = parkedLane();
  assert.equal(parked.canMove, true);
  parked.front = "due";
  assert.equal(parked.canMove, true);
  parked.front = "queued";
  assert.throws(() => {
    parked.back = "moving";
  }, /its front is queued, so it cannot move/);
  assert.equal(parkedLane("busy").canMove, false);
});

test("it is empty once nothing stands in the topic, and nothing is on its way there", () => {
  const parked = parkedLane();
  assert.equal(parked.isEmpty, true);
  parked.toWrite.push(write);
  assert.deepEqual([parked.isEmpty, parked.canWrite], [false, true]);
  parked.back = "writing";
  parked.toWrite.shift();
  assert.deepEqual([parked.isEmpty, parked.canWrite], [false, false]);
  parked.back = "settled";
  assert.equal(parked.isEmpty, true);
});
