import assert from "node:assert/strict";
import { test } from "node:test";
import type { PintleError } from "../../errors.ts";
import { VirtualEnvironment } from "../../simulation/virtual-environment.ts";
import type { QueueEntry } from "../entry.ts";
import { MemoryStore } from "../memory/memory-store.ts";
import type { StoreHost } from "../store.ts";
import type { DurableStore } from "./durable-store.ts";
import { OpeningStore } from "./opening-store.ts";

function opening(load: () => Promise<DurableStore>) {
  const problems: PintleError[] = [];
  let changes = 0;
  const { now, after, hold, monotonic } = new VirtualEnvironment(() => Promise.reject(new Error("no network")));
  const host: StoreHost = {
    now,
    after,
    hold,
    clock: monotonic,
    recovered: () => assert.fail("there is no disk"),
    lost: () => assert.fail("there is no disk"),
    changed: () => {
      changes++;
    },
    problem: (error) => problems.push(error),
  };
  const memory = new MemoryStore(() => 10);
  const store = new OpeningStore(load, memory, host);
  return { store, memory, problems, changes: () => changes };
}

test("messages gather until it is known whether there is a disk; without one they are in memory alone", async () => {
  let fail = (_: Error): void => {};
  const loaded = new Promise<DurableStore>((_, reject) => {
    fail = reject;
  });
  const { store, problems, changes } = opening(() => loaded);
  const early = store.add("early", 1, 0, 10) as QueueEntry;
  assert.deepEqual([store.queue.count, store.unqueued, store.room], [0, 1, 5]);
  assert.equal(store.add("second", 1, 0, 10), "queue_full");
  assert.equal(store.add("a long text", 1, 0, 10), "too_large");
  const { opening: opened } = store;
  assert.ok(opened !== undefined);
  fail(new Error("no such file"));
  await opened;

  assert.deepEqual([store.queue.count, store.unqueued, store.opening, changes()], [1, 0, undefined, 1]);
  const later = store.add("late", 1, 0, 10) as QueueEntry;
  assert.deepEqual(store.queue.take(9, 1e6), [early, later]);
  for (const entry of [early, later]) {
    let stored: boolean | undefined;
    entry.whenStored((result) => {
      stored = result;
    });
    assert.equal(stored, false);
  }
  assert.deepEqual(
    problems.map(({ code, message }) => [code, /no such file/.test(message)]),
    [["PINTLE_DURABLE_UNAVAILABLE", true]],
  );

  let isDone = false;
  store.end([early], () => {
    isDone = true;
  });
  assert.ok(isDone);
  store.free([early]);
  assert.equal(store.room, 6);
  assert.deepEqual(store.leave([later]), [later]);
  await store.close();
});

test("what has gathered when the program ends is given back", () => {
  const { store } = opening(() => new Promise(() => {}));
  const early = store.add("early", 1, 0, 10) as QueueEntry;
  assert.deepEqual(store.leave([]), [early]);
  assert.equal(store.unqueued, 0);
});
