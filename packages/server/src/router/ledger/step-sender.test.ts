import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { type CarriedStep, StepSender } from "./step-sender.ts";
import { Tap, type WatchedStep } from "./tap.ts";

function step(destinationId: string, index: number, reason = "only"): WatchedStep {
  const place = { sourceId: "shop", partition: 0, offset: 7, index, messageId: `m${index}` };
  return { destinationId, at: 1, ...place, step: { kind: "filtered", reason } };
}

function setUp() {
  const tap = new Tap();
  const batches: { steps: readonly CarriedStep[]; dropped: number }[] = [];
  const sender = new StepSender(tap, (steps, dropped) => void batches.push({ steps, dropped }));
  return { tap, batches, sender };
}

const indexOf = ({ json }: CarriedStep): number => (JSON.parse(json) as WatchedStep).index;

test("nobody is told anything while nobody watches, and only of what is watched", async () => {
  const { tap, batches, sender } = setUp();
  assert.equal(tap.isWatched, false);
  sender.watch(["hook"]);
  tap.tell(step("crm", 0));
  tap.tell(step("hook", 1));
  await setImmediate();
  assert.deepEqual(batches, [
    { steps: [{ destinationId: "hook", json: JSON.stringify(step("hook", 1)) }], dropped: 0 },
  ]);
  tap.tell(step("hook", 2));
  sender.watch([]);
  sender.taken();
  await setImmediate();
  assert.deepEqual([tap.isWatched, batches.length], [false, 1]);
});

test("what is too much text is left out and counted", () => {
  const { tap, batches, sender } = setUp();
  sender.watch("all");
  for (let index = 0; index < 6; index++) tap.tell(step("hook", index, "x".repeat(1 << 20)));
  sender.taken();
  assert.deepEqual([batches[0]?.steps.length, batches[0]?.dropped], [3, 3]);
});

test("however slow the other side is, steps come in order, each is sent or counted, and few wait", async () => {
  const action = fc.oneof(
    fc.record({ tell: fc.integer({ min: 1, max: 1500 }) }),
    fc.constant("taken" as const),
    fc.constant("turn" as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 20 }), async (actions) => {
      const { tap, batches, sender } = setUp();
      sender.watch("all");
      let told = 0;
      let taken = 0;
      for (const each of actions) {
        if (each === "turn") await setImmediate();
        else if (each === "taken") {
          if (taken < batches.length) {
            taken++;
            sender.taken();
          }
        } else for (let n = 0; n < each.tell; n++) tap.tell(step("hook", told++));
        assert.ok(batches.length - taken <= 1, "one is on its way at a time");
      }
      for (;;) {
        await setImmediate();
        if (taken === batches.length) break;
        taken++;
        sender.taken();
      }
      const seen = batches.flatMap(({ steps }) => steps.map(indexOf));
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
      const dropped = batches.reduce((sum, batch) => sum + batch.dropped, 0);
      assert.equal(seen.length + dropped, told);
      assert.ok(batches.every(({ steps }) => steps.length <= 1000));
    }),
    { numRuns: 50 },
  );
});
