import assert from "node:assert/strict";
import { delivered, retry } from "@pintle/kit";
import { decodeDeadLetter } from "../../records/dead-letter.ts";
import { FakeDestination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { onePartitionTest } from "../testing/router-test.ts";

/**
 * A destination that is down with one event on its way, and ten records with two events each behind
 * it.
 */
async function behind() {
  const ids: string[] = [];
  const fake = new FakeDestination(async (events) => events.map(() => retry("destination", "connect")));
  const other = new FakeDestination(async (events) => events.map(() => delivered));
  const options = { destinations: { d: fake, other }, sources: { shop: ["d", "other"], app: ["other"] } };
  const harness = await RouterHarness.open({
    ...options,
    settings: { d: { concurrency: 1 } },
    limits: { windowEvents: 1 },
  });
  await harness.accept([{ messageId: "first" }]);
  for (let n = 0; n < 10; n++) await harness.accept([{ messageId: `m${n}` }, { messageId: `n${n}` }]);
  await harness.accept([{ messageId: "app" }], "app");
  const recover = () => {
    fake.deliver = async (events) => {
      ids.push(...events.map(({ messageId }) => messageId));
      return events.map(() => delivered);
    };
  };
  const remove = (records: number) => harness.store.recordsOf("events").splice(0, records);
  return { harness, ids, recover, remove };
}

// It is about where records stand.
onePartitionTest("records that went unread are one dead letter with their count, and the account adds up", async () => {
  const { harness, ids, recover, remove } = await behind();
  assert.equal((await harness.status("d")).waiting, 21);
  // The first one and some of those that were not read.
  remove(8);
  recover();
  await harness.clock.advance(60_000);
  const { delivered: count, dead, waiting, problem } = await harness.status("d");
  assert.deepEqual(ids.slice(-6), ["m7", "n7", "m8", "n8", "m9", "n9"]);
  assert.equal(count + (dead.retention ?? 0) + waiting, 21);
  assert.deepEqual([count, waiting], [ids.length, 0]);
  const letters = harness.store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  assert.equal(letters.length, 1, "one range");
  const [{ reason, offset, to, events } = {} as never] = letters;
  assert.deepEqual([reason, to, events], ["retention", 8, dead.retention]);
  assert.equal(dead.retention, 2 * (8 - offset!));
  assert.match(problem?.message ?? "", /were removed before they were read/);
  assert.equal((await harness.status("other")).delivered, 22, "the others noticed nothing");
  await harness.close();
  assert.deepEqual(harness.progressOf("d"), { low: 12, finished: [] });
});

// It is about where records stand.
onePartitionTest("of records that nobody has counted, each counts as one event", async () => {
  const { harness, recover, remove } = await behind();
  remove(8);
  recover();
  await harness.clock.advance(60_000);
  const letter = decodeDeadLetter(harness.store.recordsOf("dead.d")[0]!)!;
  assert.equal(letter.events, 8 - letter.offset);
  const { delivered: count, dead, waiting } = await harness.status("d");
  assert.deepEqual([dead.retention, waiting], [letter.events, 0]);
  assert.ok(count >= 6);
  await harness.close();
});

// It is about where records stand.
onePartitionTest("a range whose letter cannot be written is not passed over", async () => {
  const { harness, recover, remove } = await behind();
  let isFull = true;
  harness.engine.appendFault = (topic) => (isFull && topic === "dead.d" ? new Error("no room") : undefined);
  remove(8);
  recover();
  await harness.clock.advance(60_000);
  const low = harness.progressOf("d")?.low ?? 0;
  assert.ok(low < 8, `low is ${low}`);
  isFull = false;
  await harness.clock.advance(600_000);
  assert.equal(harness.progressOf("d")?.low, 12);
  assert.equal(harness.store.recordsOf("dead.d").length, 1);
  await harness.close();
});
