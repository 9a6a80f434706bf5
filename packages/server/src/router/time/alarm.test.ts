import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { Alarm } from "./alarm.ts";

test("an alarm rings at the moment that was set last, once, and can be set to the same again", async () => {
  const clock = new FakeClock();
  const rings: number[] = [];
  const alarm = new Alarm(clock, () => rings.push(clock.now()));
  alarm.set(100);
  alarm.set(50);
  alarm.set(50);
  await clock.advance(200);
  assert.deepEqual(rings, [50]);
  alarm.set(300);
  alarm.set(Number.POSITIVE_INFINITY);
  await clock.advance(200);
  alarm.set(300);
  await clock.advance(0);
  assert.deepEqual(rings, [50, 400], "a moment that is over is now");
  alarm.set(500);
  alarm.cancel();
  assert.equal(clock.pending, 0);
});
