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

test("there is one router thread less than cores, at most 4, and none without room or a destination", () => {
  const usual = (cores: number, memory: number, destinations: number) =>
    threadsFor(undefined, cores, memory, destinations);
  assert.deepEqual(
    [1, 2, 3, 5, 64].map((cores) => usual(cores, 512e6, 20)),
    [1, 1, 2, 4, 4],
  );
  assert.deepEqual([usual(8, 64e6, 20), usual(8, 256e6, 20), usual(8, 512e6, 3), usual(8, 512e6, 0)], [1, 2, 3, 1]);
  assert.deepEqual([threadsFor(16, 2, 64e6, 20), threadsFor(16, 2, 64e6, 5)], [16, 5]);
  assert.equal(sharesOf(512e6, 4).events * 4, sharesOf(512e6).events);
});
