import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { EngineError } from "./engine/engine-error.ts";
import { StorageGate } from "./gateway/storage-gate.ts";
import { StorageWatch } from "./storage-watch.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const full = () => new EngineError("PINTLE_STORAGE_FULL", "the disk is full");

test("a storage that takes nothing from the start shuts the gate, and opens it within two seconds of having room", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const gate = new StorageGate(silent);
  let error: Error | undefined = full();
  const asked: string[] = [];
  const engine = {
    revive: async (topic: string) => {
      asked.push(topic);
      if (error !== undefined) throw error;
    },
  };
  const watch = await StorageWatch.start({ engine, topic: "events", gate });
  const later = async () => {
    mock.timers.tick(2000);
    await turn();
  };
  assert.deepEqual([gate.state, asked], ["full", ["events"]]);
  await later();
  assert.deepEqual([gate.state, asked.length], ["full", 2]);
  error = new Error("something else");
  await later();
  assert.equal(gate.state, "shut");
  error = undefined;
  await later();
  assert.deepEqual([gate.state, asked.length], ["open", 4]);
  await later();
  assert.equal(asked.length, 4, "while it takes events nobody asks");
  gate.failed(full(), 0);
  await later();
  assert.deepEqual([gate.state, asked.length], ["open", 5], "a request that failed is followed by a look");

  gate.failed(full(), 0);
  await watch.close();
  await later();
  assert.deepEqual([gate.state, asked.length], ["full", 5], "closed, it looks no more");
});

test("closing waits for a look that is under way", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const gate = new StorageGate(silent);
  let answer: (() => void) | undefined;
  let isFirst = true;
  const engine = {
    revive: async () => {
      if (!isFirst) await new Promise<void>((resolve) => (answer = resolve));
      isFirst = false;
    },
  };
  const watch = await StorageWatch.start({ engine, topic: "events", gate, every: 5 });
  gate.failed(full(), 0);
  mock.timers.tick(5);
  let isClosed = false;
  const closing = watch.close().then(() => {
    isClosed = true;
  });
  await turn();
  assert.equal(isClosed, false);
  answer?.();
  await closing;
  assert.equal(gate.state, "open");
});
