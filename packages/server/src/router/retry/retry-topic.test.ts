import assert from "node:assert/strict";
import { dead, retry } from "@pintle/kit";
import { decodeDeadLetter } from "../../records/dead-letter.ts";
import { decodeSlice } from "../../records/retry-record.ts";
import { destination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { onePartitionTest, stillTest, test } from "../testing/router-test.ts";

const minute = 60_000;

const of = (user: string, ...ids: string[]) => ids.map((messageId) => ({ messageId, userId: user }));
const failed = retry("event", "http_500");

/** What stands in the retry topic: the lane's pass and its events, record by record. */
function slicesIn({ store }: RouterHarness) {
  return store
    .recordsOf("retry.d")
    .map((record) => decodeSlice(record)!)
    .map(
      ({ pass, complete, facts }) => `${pass}${complete ? "!" : ""}: ${facts.map(({ offset }) => offset).join(" ")}`,
    );
}

stillTest(
  "after 10 s a lane is parked, the position moves on, and its events come in order once they can",
  async () => {
    let isStuck = true;
    const { fake, ids } = destination((id) => (isStuck && id === "a1" ? failed : undefined));
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    await harness.accept(of("a", "a1", "a2"));
    await harness.clock.advance(9_000);
    await harness.accept(of("b", "b1"));
    assert.equal((await harness.status("d")).lanesWaiting, 1);
    assert.equal(harness.progressOf("d")?.low, 0);
    await harness.clock.advance(1_500);
    assert.deepEqual(harness.progressOf("d"), { low: 2, finished: [] });
    await harness.accept(of("a", "a3"));
    await harness.accept(of("b", "b2"));
    await harness.clock.advance(200);
    assert.deepEqual(slicesIn(harness), ["0: 0 0", "0: 2"], "what comes for it goes there, too");
    const { lanesParked, lanesWaiting, waiting, state } = await harness.status("d");
    assert.deepEqual([lanesParked, lanesWaiting, waiting, state], [1, 0, 3, "closed"]);
    assert.ok((harness.router.inMemory.get("d") ?? 0) <= 2, "its events are not in memory between attempts");
    isStuck = false;
    await harness.clock.advance(5 * minute);
    assert.deepEqual(ids, ["b1", "b2", "a1", "a2", "a3"]);
    assert.equal((await harness.status("d")).lanesParked, 0);
    await harness.accept(of("a", "a4"));
    assert.equal(ids.at(-1), "a4", "its next event goes out at once again");
    assert.equal(slicesIn(harness).length, 2);
    await harness.close();
    assert.deepEqual(harness.store.savesOf("retry.d", "d").at(-1), { low: 2, finished: [] });
  },
);

test("with more events behind it than the bound, a lane is parked at once", async () => {
  const { fake } = destination((id) => (id === "a1" ? failed : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake }, limits: { parkAbove: 3, sliceEvents: 2 } });
  await harness.accept(of("a", "a1", "a2", "a3", "a4"));
  assert.equal((await harness.status("d")).lanesParked, 0);
  await harness.accept(of("a", "a5"));
  assert.equal((await harness.status("d")).lanesParked, 1);
  assert.deepEqual(slicesIn(harness), ["0: 0 0", "0: 0 0", "0: 1"]);
  await harness.close();
});

test("after a restart nobody overtakes a parked lane, and what was parked is not read again", async () => {
  const stuck = destination((id) => (id === "a1" ? failed : undefined));
  const first = await RouterHarness.open({ destinations: { d: stuck.fake } });
  await first.accept(of("a", "a0"));
  await first.accept(of("a", "a1", "a2"));
  await first.clock.advance(minute);
  // Everything that was saved since is lost, but what was appended is not.
  first.engine.crash();
  first.store.savesOf("events", "d").length = 1;
  first.store.savesOf("retry.d", "d").length = 0;

  const { fake, ids, attempts } = destination();
  const second = await RouterHarness.open({ destinations: { d: fake }, store: first.store });
  await second.accept(of("a", "a3"));
  await second.clock.advance(5 * minute);
  assert.deepEqual(ids, ["a1", "a2", "a3"]);
  assert.deepEqual([...attempts.values()], [1, 1, 1], "a0 had ended before a1 was parked: it does not come behind it");
  assert.equal((await second.status("d")).waiting, 0);
  await second.close();
});

test("while the destination is down nothing is copied anywhere", async () => {
  const { fake } = destination((id, attempt) => {
    if (id === "a1" && attempt === 1) return failed;
    return id === "a1" ? failed : retry("destination", "connect");
  });
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept(of("a", "a1", "a2"));
  await harness.accept(of("b", "b1"));
  await harness.clock.advance(minute);
  assert.deepEqual(slicesIn(harness), []);
  await harness.close();
});

stillTest("order: false: no event waits for another", async () => {
  const { fake, ids } = destination((id) => (id === "a1" ? failed : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake }, settings: { d: { order: false } } });
  await harness.accept(of("a", "a1", "a2"));
  await harness.clock.advance(minute);
  await harness.accept(of("a", "a3"));
  assert.deepEqual(ids, ["a2", "a3"]);
  const { lanesParked, waiting } = await harness.status("d");
  assert.deepEqual([lanesParked, waiting], [1, 1]);
  assert.deepEqual(harness.progressOf("d")?.low, 1, "it waits beside the others");
  await harness.close();
});

// It is about where records stand.
onePartitionTest("a lane that keeps the topic from moving on is moved forward as a whole", async () => {
  let isStuck = true;
  const { fake, ids } = destination((id, attempt) => {
    if (isStuck && id.startsWith("old")) return failed;
    return id.startsWith("m") && attempt < 10 ? failed : undefined;
  });
  const limits = { compactAbove: 4, sliceEvents: 2 };
  const harness = await RouterHarness.open({ destinations: { d: fake }, limits });
  await harness.accept(of("a", "old1", "old2", "old3"));
  await harness.clock.advance(minute);
  for (let n = 0; n < 12; n++) {
    await harness.accept(of(`u${n}`, `m${n}`));
    await harness.clock.advance(5 * minute);
  }
  const moved = slicesIn(harness).filter((line) => !line.startsWith("0"));
  assert.deepEqual(moved.slice(0, 2), ["1: 0 0", "1!: 0"]);
  const low = harness.store.savesOf("retry.d", "d").at(-1)?.low ?? 0;
  assert.ok(low > 2, `low is ${low}`);
  await harness.close();

  isStuck = false;
  const second = await RouterHarness.open({ destinations: { d: fake }, store: harness.store, limits });
  await second.clock.advance(20 * minute);
  assert.deepEqual(ids.slice(-3), ["old1", "old2", "old3"]);
  assert.equal((await second.status("d")).waiting, 0);
  await second.close();
});

// It is about where records stand.
onePartitionTest("a move that is broken off leaves the lane where it stood", async () => {
  const isOut = (id: string, attempt: number) => (id.startsWith("m") && attempt < 10 ? failed : undefined);
  const stuck = destination((id, attempt) => (id.startsWith("old") ? failed : isOut(id, attempt)));
  const limits = { compactAbove: 4, sliceEvents: 2 };
  const first = await RouterHarness.open({ destinations: { d: stuck.fake }, limits });
  await first.accept(of("a", "old1", "old2", "old3"));
  await first.clock.advance(minute);
  let moving = 0;
  first.engine.appendFault = (topic) => {
    const last = first.store.recordsOf("retry.d").at(-1);
    if (topic !== "retry.d" || last === undefined || decodeSlice(last)?.pass === 0) return undefined;
    moving++;
    return new Error("no room");
  };
  for (let n = 0; n < 12; n++) {
    await first.accept(of(`u${n}`, `m${n}`));
    await first.clock.advance(5 * minute);
  }
  assert.ok(moving > 0, "nothing was moved");
  const { waiting } = await first.status("d");
  first.engine.crash();

  const { fake, ids } = destination();
  const second = await RouterHarness.open({ destinations: { d: fake }, store: first.store, limits });
  assert.equal((await second.status("d")).waiting, waiting);
  await second.clock.advance(20 * minute);
  assert.deepEqual(
    ids.filter((id) => id.startsWith("old")),
    ["old1", "old2", "old3"],
  );
  await second.close();
});

stillTest("what cannot be written is kept and tried again; the position does not move before", async () => {
  const { fake } = destination((id) => (id === "a1" ? failed : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  let isFull = true;
  harness.engine.appendFault = (topic) => (isFull && topic === "retry.d" ? new Error("no room") : undefined);
  await harness.accept(of("a", "a1", "a2"));
  await harness.clock.advance(2 * minute);
  assert.equal(harness.progressOf("d")?.low, 0);
  const { waiting, problem } = await harness.status("d");
  assert.deepEqual([waiting, problem?.reason], [2, "retry_topic"]);
  isFull = false;
  await harness.clock.advance(10 * minute);
  assert.equal(harness.progressOf("d")?.low, 1);
  assert.deepEqual(slicesIn(harness), ["0: 0 0"]);
  await harness.close();
});

stillTest("an event that is parked ages on over restarts, and no clock that is set ages it", async () => {
  const { fake } = destination((id) => (id === "a1" ? failed : undefined));
  const settings = { d: { maxAge: 20 * minute } };
  const first = await RouterHarness.open({ destinations: { d: fake }, settings, limits: { parkAfter: 15 * minute } });
  await first.accept(of("a", "a1", "a2"));
  await first.clock.advance(17 * minute);
  assert.equal(slicesIn(first).length, 1);
  await first.close();

  const second = await RouterHarness.open({ destinations: { d: fake }, settings, store: first.store });
  second.clock.wallOffset += 30 * 24 * 60 * minute;
  await second.clock.advance(minute);
  assert.deepEqual((await second.status("d")).dead, {});
  await second.clock.advance(10 * minute);
  assert.deepEqual((await second.status("d")).dead, { expired: 1 });
  const letter = decodeDeadLetter(second.store.recordsOf("dead.d")[0]!);
  assert.deepEqual([letter?.partition, letter?.offset, letter?.index], [0, 0, 0], "where it stands in events");
  assert.equal((await second.status("d")).delivered, 1, "the one behind it went out");
  await second.close();
});

stillTest("events that are replayed are charged until they are in the topic", async () => {
  let refuses = true;
  const { fake, ids } = destination(() => (refuses ? dead("http_400") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept(of("a", "a1", "a2"));
  await harness.clock.advance(1000);
  const letters = harness.store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  assert.deepEqual([letters.length, (await harness.status("d")).memory], [2, 0]);
  refuses = false;
  let isFull = true;
  harness.engine.appendFault = (topic) => (isFull && topic === "retry.d" ? new Error("no room") : undefined);
  const replayed = harness.router.replay("d", letters);
  await harness.clock.advance(minute);
  assert.ok((await harness.status("d")).memory > 200);
  isFull = false;
  await harness.clock.advance(minute);
  await replayed;
  assert.deepEqual([ids, (await harness.status("d")).memory], [["a1", "a2"], 0]);
  await harness.close();
});

test("dead letters are replayed in their order, through the retry topic, over a restart", async () => {
  let refuses = true;
  const { fake, ids } = destination((id) => (refuses && id.startsWith("a") ? dead("http_400") : undefined));
  const first = await RouterHarness.open({ destinations: { d: fake } });
  await first.accept(of("a", "a1", "a2", "a3"));
  await first.accept(of("b", "b1"));
  const letters = first.store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  fake.deliver = () => new Promise(() => {});
  await first.router.replay("d", letters);
  const status = await first.status("d");
  assert.deepEqual([status.replayed, status.waiting], [3, 3], "accepted + replayed = ... + waiting");
  await first.close(100);

  refuses = false;
  const again = destination();
  const second = await RouterHarness.open({ destinations: { d: again.fake }, store: first.store });
  await second.clock.advance(minute);
  assert.deepEqual(again.ids, ["a1", "a2", "a3"]);
  assert.deepEqual(ids, ["b1"]);
  await assert.rejects(() => second.router.replay("other", letters), /No destination with the id "other"/);
  await second.close();
});

test("a record of the topic that is gone is reported as dead letters, and the lane goes on", async () => {
  let isStuck = true;
  const { fake, ids } = destination((id) => (isStuck && id === "a1" ? failed : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake }, limits: { sliceEvents: 2 } });
  await harness.accept(of("a", "a1", "a2", "a3"));
  await harness.clock.advance(20_000);
  const [gone] = harness.store.recordsOf("retry.d").splice(0, 1);
  assert.equal(gone?.offset, 0);
  isStuck = false;
  await harness.clock.advance(5 * minute);
  assert.deepEqual(ids, ["a3"]);
  const { dead: died, waiting } = await harness.status("d");
  assert.deepEqual([died, waiting], [{ record: 2 }, 0]);
  await harness.close();
});

stillTest(
  "what waits in the topic goes through the filter as it is when it is loaded, over a reload and over a restart",
  async () => {
    const { fake, ids } = destination((id) => (id === "a1" ? failed : undefined));
    const first = await RouterHarness.open({ destinations: { d: fake } });
    const named = (event: string) => ({ messageId: event, userId: "a", event });
    await first.accept([named("a1"), named("secret 1"), named("a3"), named("secret 2")]);
    await first.accept([named("b1")].map((event) => ({ ...event, userId: "b" })));
    await first.clock.advance(11_000);
    assert.equal((await first.status("d")).lanesParked, 1);

    const except = { types: [], events: ["secret 1", "secret 2", "a1"] };
    const { sources, destinations } = first.config;
    await first.change({ sources, destinations: destinations.map((entry) => ({ ...entry, filter: { except } })) });
    await first.clock.advance(minute);
    const { filtered, delivered, waiting } = await first.status("d");
    assert.deepEqual([filtered, delivered, waiting], [{ except: 3 }, 2, 0]);
    assert.deepEqual(ids, ["b1", "a3"]);
    await first.close();

    const { fake: stuck } = destination(() => failed);
    const second = await RouterHarness.open({ destinations: { d: stuck } });
    await second.accept(of("a", "a1", "a2"));
    await second.clock.advance(11_000);
    assert.equal((await second.status("d")).lanesParked, 1);
    await second.close();
    const later = destination();
    const third = await RouterHarness.open({
      destinations: { d: later.fake },
      store: second.store,
      sources: { shop: [] },
    });
    await third.clock.advance(minute);
    assert.deepEqual(later.ids, []);
    assert.deepEqual((await third.status("d")).filtered, { disconnected: 2 }, "its source is not connected any more");
    await third.close();
  },
);

test("a letter of an unknown type that an earlier version has put there becomes a letter again", async () => {
  const { fake, ids } = destination();
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a1", userId: "a", type: "shout" }, ...of("a", "a2")]);
  const letters = harness.store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)!);
  await harness.router.replay("d", [...letters, { ...letters[0]!, event: { ...letters[0]!.event, type: "track" } }]);
  await harness.clock.advance(minute);
  assert.deepEqual(ids, ["a2", "a1"]);
  const { dead: died, replayed, delivered, waiting } = await harness.status("d");
  assert.deepEqual([died, replayed, delivered, waiting], [{ type: 2 }, 2, 2, 0]);
  await harness.close();
});
