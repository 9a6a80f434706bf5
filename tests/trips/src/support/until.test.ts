import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { onEvent, until, within } from "./until.ts";

test("resolves with the value as soon as a hint says to look, without waiting for the net", async () => {
  const emitter = new EventEmitter();
  let value: string | undefined;
  let looks = 0;
  const waiting = until(
    "a value",
    () => {
      looks++;
      return value;
    },
    { hints: [onEvent(emitter, "changed")] },
  );
  value = "here";
  emitter.emit("changed");
  assert.equal(await waiting, "here");
  assert.equal(looks, 2);
  assert.equal(emitter.listenerCount("changed"), 0);
});

test("a change during a look is not missed", async () => {
  const emitter = new EventEmitter();
  const looks: Array<() => void> = [];
  let there = false;
  const waiting = until(
    "a value",
    async () => {
      const seen = there;
      await new Promise<void>((resolve) => looks.push(resolve));
      return seen;
    },
    { hints: [onEvent(emitter, "changed")] },
  );
  there = true;
  emitter.emit("changed");
  looks.shift()?.();
  while (looks.length === 0) await new Promise((resolve) => setImmediate(resolve));
  looks.shift()?.();
  assert.equal(await waiting, true);
});

test("gives up at the deadline, saying what was waited for and how far it came", async () => {
  const waiting = until("10 events", () => false, { deadline: 1, state: () => "7 events" });
  await assert.rejects(waiting, { message: "waited 0.001 s for 10 events; reached: 7 events" });
});

test("an error of the condition ends the waiting", async () => {
  await assert.rejects(
    until("a value", () => {
      throw new Error("broken");
    }),
    { message: "broken" },
  );
});

test("within passes a result on and names what did not come in time", async () => {
  assert.equal(await within("an answer", 60_000, Promise.resolve(42)), 42);
  await assert.rejects(within("an answer", 1, new Promise(() => {})), { message: "waited 0.001 s for an answer" });
});
