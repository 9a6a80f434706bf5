import assert from "node:assert/strict";
import { test } from "node:test";
import { delivered, retry } from "@pintle/kit";
import { FakeDestination } from "./testing/fake-destination.ts";
import { RouterHarness } from "./testing/router-harness.ts";

/** `npm run bench -- backlog` does the same with a million. */
const records = 300;
const perRecord = 50;
const users = 400;

test("a destination that was down for a long backlog catches up in order; nothing was copied, and the other noticed nothing", async () => {
  let isDown = true;
  let calls = 0;
  const last = new Map<unknown, number>();
  let count = 0;
  const late = new FakeDestination((events) => {
    calls++;
    if (isDown) return events.map(() => retry("destination", "connect"));
    for (const { messageId, userId } of events) {
      const number = Number(messageId.slice(1));
      assert.ok((last.get(userId) ?? -1) < number, `${messageId} is out of order`);
      last.set(userId, number);
      count++;
    }
    return events.map(() => delivered);
  });
  let well = 0;
  const other = new FakeDestination((events) => {
    well += events.length;
    return events.map(() => delivered);
  });
  const harness = await RouterHarness.open({ destinations: { late, other }, limits: { windowEvents: 500 } });
  for (let n = 0; n < records; n++) {
    const batch = Array.from({ length: perRecord }, (_, k) => {
      const number = n * perRecord + k;
      return { messageId: `m${number}`, userId: `u${(number * 7) % users}` };
    });
    await harness.accept(batch);
    assert.equal(well, (n + 1) * perRecord, "the other one has everything at once");
    if (n % 50 === 49) await harness.clock.advance(60_000);
    assert.ok((harness.router.inMemory.get("late") ?? 0) <= 2 * perRecord, "what waits is in the log, not in memory");
  }
  // At least every 15 s, and of waits that are half of that at random 0.5.
  const minutes = records / 50;
  assert.ok(calls >= minutes * 4 && calls <= minutes * 8 + 10, `${calls} calls of one that is down`);
  assert.equal(harness.progressOf("late")?.low, 0);
  for (const topic of ["retry.late", "dead.late"]) assert.equal(harness.store.recordsOf(topic).length, 0, topic);
  const behind = await harness.status("late");
  assert.deepEqual([behind.waiting, behind.lag.records], [records * perRecord, records]);

  isDown = false;
  let most = 0;
  while ((await harness.status("late")).waiting > 0) {
    await harness.clock.advance(1000);
    most = Math.max(most, harness.router.inMemory.get("late") ?? 0);
  }
  assert.equal(count, records * perRecord);
  assert.ok(most < 500 + perRecord, `${most} events in memory`);
  assert.deepEqual([harness.store.recordsOf("retry.late").length, (await harness.status("late")).dead], [0, {}]);
  await harness.close();
  assert.deepEqual(harness.progressOf("late"), { low: records, finished: [] });
});
