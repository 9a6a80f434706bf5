import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultMemory, sharesOf, thisMachine, threadsFor, usable } from "./memory-limit.ts";

const gigabyte = 1 << 30;
const machine = { total: 16 * gigabyte, constrained: undefined, heap: 4 * gigabyte };

test("the default is a quarter of what there is, between 64 and 512 MB", () => {
  assert.equal(defaultMemory(machine), 512e6);
  assert.equal(defaultMemory({ ...machine, total: gigabyte }), gigabyte / 4);
  assert.equal(defaultMemory({ ...machine, total: gigabyte / 8 }), 64e6);
});

test("a container's limit counts, and one that is none does not", () => {
  assert.equal(defaultMemory({ ...machine, constrained: gigabyte }), gigabyte / 4);
  for (const constrained of [0, Number.MAX_SAFE_INTEGER, undefined]) {
    assert.equal(usable({ ...machine, constrained }), machine.total);
  }
});

test("a heap that was bounded by hand has room for the whole thread", () => {
  for (const heap of [512, 700, 1024, 4096]) {
    const memory = defaultMemory({ ...machine, heap: heap << 20 });
    assert.ok(sharesOf(memory).oldGeneration <= heap, String(heap));
  }
  assert.equal(defaultMemory({ ...machine, heap: 100 << 20 }), 64e6);
});

test("this machine is some", () => {
  const { total, heap } = thisMachine();
  assert.ok(total > 0 && heap > 0);
  assert.ok(defaultMemory(thisMachine()) >= 64e6);
});

test("there are as many router threads as the setting says, and none without a destination", () => {
  assert.deepEqual([threadsFor(1, 20), threadsFor(16, 20), threadsFor(16, 5), threadsFor(4, 0)], [1, 16, 5, 1]);
  assert.equal(sharesOf(512e6, 4).events * 4, sharesOf(512e6).events);
});
