import assert from "node:assert/strict";
import { delivered, retry } from "@pintle/kit";
import { settle } from "./testing/fake-clock.ts";
import { FakeDestination } from "./testing/fake-destination.ts";
import { RouterHarness } from "./testing/router-harness.ts";
import { onePartitionTest } from "./testing/router-test.ts";

/** `npm run bench -- backlog` does the same with a million. */
const records = 300;
const perRecord = 50;
const users = 400;

// Its reads are counted.
onePartitionTest(
  "a destination that was down for a long backlog catches up in order; nothing was copied, and the other noticed nothing",
  async () => {
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
  },
);

// It is about memory, and takes minutes where every step is watched.
onePartitionTest(
  "records of many events take no more memory than there is for all destinations, however many of them are slow",
  async () => {
    let isSlow = true;
    const count = 10;
    const waiting: (() => void)[] = [];
    const ids: string[] = [];
    const slow = new FakeDestination(async (events) => {
      if (isSlow) await new Promise<void>((answer) => waiting.push(answer));
      ids.push(...events.map(({ messageId }) => messageId));
      return events.map(() => delivered);
    });
    const names = Array.from({ length: count }, (_, n) => `d${n}`);
    const memory = 3e6;
    const harness = await RouterHarness.open({
      memory,
      destinations: Object.fromEntries(names.map((name) => [name, slow])),
    });
    const perRecord = 1500;
    for (let r = 0; r < 2; r++) {
      await harness.accept(
        Array.from({ length: perRecord }, (_, n) => ({ messageId: `m${r}.${n}`, userId: `u${n % 100}` })),
      );
    }
    const { memory: held, destinations } = await harness.router.status();
    // Half of the budget is divided, half is shared; beyond that each has a portion of 256 events.
    assert.ok(held.held < memory + count * 256 * 3000, `${held.held} bytes are held`);
    for (const { waiting } of destinations) assert.equal(waiting, 2 * perRecord, "what is not taken yet waits, too");

    isSlow = false;
    for (const answer of waiting) answer();
    await settle();
    const after = await harness.router.status();
    assert.deepEqual(
      after.destinations.map(({ delivered: all, waiting: rest }) => [all, rest]),
      names.map(() => [2 * perRecord, 0]),
    );
    assert.equal(ids.length, count * 2 * perRecord);
    assert.equal(after.memory.held, 0);
    await harness.close();
  },
);

// It is about memory, and takes minutes where every step is watched.
onePartitionTest(
  "where slow destinations have taken the memory, the batches of another one are no crumbs",
  async () => {
    const slow = new FakeDestination(() => new Promise(() => {}));
    const sizes: number[] = [];
    const quick = new FakeDestination(
      (events) => {
        sizes.push(events.length);
        return events.map(() => delivered);
      },
      { events: 50, bytes: 1 << 20, whole: false },
    );
    const harness = await RouterHarness.open({ memory: 4e6, destinations: { a: slow, b: slow, c: slow, quick } });
    const count = 3000;
    await harness.accept(Array.from({ length: count }, (_, n) => ({ messageId: `m${n}`, userId: `u${n % 200}` })));
    const { delivered: all, waiting } = await harness.status("quick");
    assert.deepEqual([all, waiting], [count, 0]);
    assert.ok(sizes.length < count / 10, `${sizes.length} batches of ${count} events`);
    await harness.close(0);
  },
);
