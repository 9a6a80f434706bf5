import assert from "node:assert/strict";
import { dead, delivered, filtered, type Outcome, retry } from "@pintle/kit";
import { decodeDeadLetter } from "../records/dead-letter.ts";
import { FakeClock, settle } from "./testing/fake-clock.ts";
import { destination, FakeDestination } from "./testing/fake-destination.ts";
import { MemoryDisk } from "./testing/memory-engine.ts";
import { RouterHarness } from "./testing/router-harness.ts";
import { onePartitionTest, stillTest, test } from "./testing/router-test.ts";

const minute = 60_000;
const day = 24 * 60 * minute;

test("an event is delivered to every connected destination as soon as it is accepted", async () => {
  const one = destination();
  const two = destination();
  const harness = await RouterHarness.open({ destinations: { one: one.fake, two: two.fake } });
  await harness.accept([{ messageId: "a" }, { messageId: "b" }]);
  assert.deepEqual(
    [one.ids, two.ids],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  );
  const status = await harness.status("one");
  assert.equal(status.delivered, 2);
  assert.equal(status.waiting, 0);
  assert.equal(status.state, "closed");
  await harness.close();
  assert.deepEqual(harness.progressOf("one"), { low: 1, finished: [] });
  assert.equal(one.fake.closed, 1);
  assert.equal(harness.clock.pending, 0);
  assert.deepEqual(harness.log, [], "normal operation logs nothing");
});

// It is about where records stand.
onePartitionTest(
  "nothing goes out before every destination has its place in the log, however large a backlog is",
  async () => {
    const store = new MemoryDisk();
    const first = await RouterHarness.open({ store, destinations: {} });
    for (let n = 0; n < 50; n++) await first.accept([{ messageId: `m${n}` }]);
    await first.close();

    const placed = () =>
      store.recordsOf("destinations").filter(({ header }) => Buffer.from(header).includes('"began"')).length;
    const placedAtFirst: number[] = [];
    const ids = Array.from({ length: 20 }, (_, n) => `d${n}`);
    const { fake } = destination(() => void placedAtFirst.push(placed()));
    const destinations = Object.fromEntries(ids.map((id) => [id, fake]));
    const settings = Object.fromEntries(ids.map((id) => [id, { from: "start" as const }]));
    const harness = await RouterHarness.open({ store, destinations, settings });
    await settle();
    assert.equal(placedAtFirst.length, 50 * ids.length);
    assert.equal(placedAtFirst[0], ids.length);
    await harness.close();
  },
);

test("a restart delivers what is missing, and nothing that is finished and saved", async () => {
  const first = destination((id) => (id === "b" ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: first.fake } });
  await harness.accept([
    { messageId: "a", userId: "1" },
    { messageId: "b", userId: "2" },
    { messageId: "c", userId: "3" },
  ]);
  await harness.accept([{ messageId: "e", userId: "4" }]);
  await harness.close();
  assert.deepEqual(harness.progressOf("d"), {
    low: 0,
    finished: [
      [0, 0],
      [0, 2],
      [1, 0],
    ],
  });

  const second = destination();
  const { store, clock } = harness;
  const again = await RouterHarness.open({ store, clock, destinations: { d: second.fake } });
  await settle();
  assert.deepEqual(second.ids, ["b"]);
  const status = await again.status("d");
  assert.deepEqual([status.delivered, status.waiting], [1, 0]);
  await again.close();
  assert.deepEqual(again.progressOf("d"), { low: 2, finished: [] });
});

// It is about where records stand.
onePartitionTest("what an earlier run finished is not counted as waiting, read or unread", async () => {
  const first = destination((id) => (id.startsWith("bad") ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: first.fake } });
  for (let n = 0; n < 20; n++) {
    await harness.accept([
      { messageId: `bad${n}`, userId: `bad${n}` },
      { messageId: `good${n}`, userId: `good${n}` },
    ]);
  }
  await harness.close();

  let well = false;
  const second = destination(() => (well ? undefined : retry("destination", "connect")));
  const { store, clock } = harness;
  const again = await RouterHarness.open({ store, clock, destinations: { d: second.fake }, limits: { readAhead: 2 } });
  await settle();
  const stopped = await again.status("d");
  assert.deepEqual([stopped.state, stopped.waiting], ["open", 20]);
  assert.ok((again.router.inMemory.get("d") ?? 0) < 20, "most of it is unread");
  well = true;
  await clock.advance(minute);
  const status = await again.status("d");
  assert.deepEqual([status.delivered, status.waiting], [20, 0]);
  assert.deepEqual(second.ids.sort(), Array.from({ length: 20 }, (_, n) => `bad${n}`).sort());
  await again.close();
});

test("what a client sent twice is delivered once to each destination, also when a restart comes in between", async () => {
  const one = destination();
  const two = destination(() => retry("destination", "connect"));
  const first = await RouterHarness.open({ destinations: { one: one.fake, two: two.fake } });
  const request = [{ messageId: "a" }, { messageId: "b" }];
  await first.accept(request);
  await first.accept(request);
  assert.deepEqual(one.ids, ["a", "b"]);
  const { delivered: count, duplicate, waiting } = await first.status("one");
  assert.deepEqual([count, duplicate, waiting], [2, 2, 0]);
  const before = (await first.status("two")).duplicate;
  await first.close();

  const late = destination();
  const second = await RouterHarness.open({ destinations: { one: one.fake, two: late.fake }, store: first.store });
  await second.accept(request);
  assert.deepEqual(one.ids, ["a", "b"]);
  assert.deepEqual(late.ids, ["a", "b"], "a backlog is not taken for its own repeat");
  assert.equal((await second.status("one")).duplicate, 2);
  assert.equal(before + (await second.status("two")).duplicate, 4);
  await second.close();
});

// The window is divided among partitions.
onePartitionTest("a repeat is recognised within the window, and not beyond it", async () => {
  const { fake, ids } = destination();
  const harness = await RouterHarness.open({ destinations: { d: fake }, dedupeIds: 2 });
  for (const messageId of ["a", "b", "a", "c", "d", "a"]) await harness.accept([{ messageId }]);
  assert.deepEqual(ids, ["a", "b", "c", "d", "a"]);
  await harness.close();
});

stillTest("an event that fails for a reason of its own makes only its user's events wait", async () => {
  const { fake, ids } = destination((id, attempt) =>
    id === "a1" && attempt < 3 ? retry("event", "http_500") : undefined,
  );
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([
    { messageId: "a1", userId: "a" },
    { messageId: "b1", userId: "b" },
    { messageId: "a2", userId: "a" },
    { messageId: "b2", userId: "b" },
  ]);
  assert.deepEqual(ids, ["b1", "b2"]);
  let status = await harness.status("d");
  assert.deepEqual([status.lanesWaiting, status.waiting, status.state, status.retried], [1, 2, "closed", 1]);
  await harness.clock.advance(500);
  assert.deepEqual(ids, ["b1", "b2"]);
  await harness.clock.advance(1000);
  assert.deepEqual(ids, ["b1", "b2", "a1", "a2"]);
  status = await harness.status("d");
  assert.deepEqual([status.lanesWaiting, status.waiting, status.retried, status.delivered], [0, 0, 2, 4]);
  await harness.close();
});

stillTest("however many events wait in lanes of their own, the others go on", async () => {
  const { fake, ids } = destination((id) => (id.startsWith("sick") ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake }, limits: { windowEvents: 100 } });
  await harness.accept([{ messageId: "sick", userId: "sick" }]);
  for (let n = 0; n < 90; n++) await harness.accept([{ messageId: `behind${n}`, userId: "sick" }]);
  for (let n = 0; n < 200; n++) await harness.accept([{ messageId: `m${n}`, userId: `u${n}` }]);
  assert.equal(ids.length, 200);
  assert.equal((await harness.status("d")).waiting, 91);
  await harness.close();
});

stillTest("Retry-After is honoured by a lane and by a destination", async () => {
  for (const scope of ["event", "destination"] as const) {
    const { fake, ids } = destination((_id, attempt) =>
      attempt === 1 ? retry(scope, "http_503", { after: 90_000 }) : undefined,
    );
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    await harness.accept([{ messageId: "a" }]);
    await harness.clock.advance(89_999);
    assert.deepEqual(ids, []);
    await harness.clock.advance(1);
    assert.deepEqual(ids, ["a"]);
    await harness.close();
  }
});

test("a destination in trouble stops, is probed by one event at a time, and gets up to speed again", async () => {
  let well = false;
  let most = 0;
  let now = 0;
  const calls: number[] = [];
  const fake = new FakeDestination(async (events) => {
    now += events.length;
    most = Math.max(most, now);
    await settle();
    calls.push(now);
    now -= events.length;
    return events.map(() => (well ? delivered : retry("destination", "connect")));
  });
  const harness = await RouterHarness.open({ destinations: { d: fake }, settings: { d: { concurrency: 8 } } });
  const events = Array.from({ length: 100 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n}` }));
  await harness.accept(events);
  await harness.clock.advance(0);
  assert.equal((await harness.status("d")).state, "open");
  const attempts = calls.length;
  assert.ok(attempts <= 8);
  most = 0;
  await harness.clock.advance(10 * minute);
  assert.equal(most, 1, "one probe at a time");
  // Waits of half a bound that doubles up to 15 s: 4 probes until it is reached, and one for each
  // 7.5 s of what is left.
  assert.equal(calls.length - attempts, 4 + Math.floor((10 * 60 - 7.5) / 7.5));
  assert.equal((await harness.status("d")).waiting, 100);
  most = 0;
  well = true;
  await harness.clock.advance(5 * minute);
  const status = await harness.status("d");
  assert.deepEqual([status.state, status.delivered, status.waiting], ["closed", 100, 0]);
  assert.equal(most, 8);
  assert.equal(harness.log.length, 2, "trouble is told once, and that it is over once");
  await harness.close();
});

test("refused credentials stop the destination at once and kill nothing", async () => {
  let rotated = false;
  const { fake, ids } = destination(() => (rotated ? undefined : retry("destination", "http_401", { ages: false })));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([
    { messageId: "a", userId: "1" },
    { messageId: "b", userId: "2" },
  ]);
  assert.match(harness.log.join(), /http_401/);
  await harness.clock.advance(10 * day);
  let status = await harness.status("d");
  assert.deepEqual([status.dead, status.waiting, status.state], [{}, 2, "open"]);
  assert.equal(status.problem?.reason, "http_401");
  rotated = true;
  await harness.clock.advance(5 * minute);
  status = await harness.status("d");
  assert.deepEqual([ids.sort(), status.state], [["a", "b"], "closed"]);
  await harness.close();
});

stillTest("an event is given up when its age, from the first attempt, reaches maxAge", async () => {
  const { fake, ids } = destination((id) => (id === "a" ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake }, settings: { d: { maxAge: 60 * minute } } });
  await harness.accept([
    { messageId: "a", userId: "1" },
    { messageId: "b", userId: "1" },
  ]);
  harness.clock.wallOffset += 30 * day;
  await harness.clock.advance(59 * minute);
  assert.deepEqual((await harness.status("d")).dead, {}, "a jump of the system's clock ages nothing");
  await harness.clock.advance(6 * minute);
  assert.deepEqual((await harness.status("d")).dead, { expired: 1 });
  assert.deepEqual(ids, ["b"]);
  const letter = decodeDeadLetter(harness.store.recordsOf("dead.d")[0]!);
  assert.equal(letter?.reason, "expired");
  assert.equal(letter?.event.messageId, "a");
  assert.ok(letter.attempts > 5);
  assert.ok(letter.firstAttempt !== undefined && letter.at - letter.firstAttempt >= 60 * minute);
  await harness.close();
});

test("a dead letter holds the event, why, and the last answer, and is durable before progress moves on", async () => {
  const answer = { status: 400, headers: { "x-a": "1" }, body: "no such field" };
  const { fake } = destination(() => dead("http_400", { answer, detail: "it answered 400" }));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  harness.engine.appendFault = (topic) => (topic.startsWith("dead.") ? new Error("no space left") : undefined);
  await harness.accept([{ messageId: "a" }]);
  await harness.clock.advance(10 * minute);
  let status = await harness.status("d");
  assert.deepEqual([status.dead, status.waiting, status.problem?.reason], [{}, 1, "dead_letter"]);
  assert.notDeepEqual(harness.progressOf("d")?.low, 1);
  harness.engine.appendFault = undefined;
  await harness.clock.advance(5 * minute);
  status = await harness.status("d");
  assert.deepEqual([status.dead, status.waiting], [{ http_400: 1 }, 0]);
  assert.equal(harness.progressOf("d")?.low, 1);
  const records = harness.store.recordsOf("dead.d");
  assert.equal(records.length, 1);
  const letter = decodeDeadLetter(records[0]!);
  assert.deepEqual([letter?.reason, letter?.answer, letter?.detail], ["http_400", answer, "it answered 400"]);
  assert.deepEqual([letter?.sourceId, letter?.offset, letter?.index, letter?.attempts], ["shop", 0, 0, 1]);
  assert.equal(letter?.event.messageId, "a");
  await harness.close();
});

test("an event of no known type is a dead letter, and the others go on", async () => {
  const { fake, ids } = destination();
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([
    { messageId: "a", type: "shout" },
    { messageId: "b" },
    { messageId: "c", type: undefined },
    { messageId: "e", type: "merge" },
  ]);
  assert.deepEqual(ids, ["b", "e"]);
  assert.deepEqual((await harness.status("d")).dead, { type: 2 });
  assert.equal(decodeDeadLetter(harness.store.recordsOf("dead.d")[0]!)?.attempts, 0);
  await harness.close();
});

stillTest("events are filtered by integrations and by their source", async () => {
  const one = destination();
  const two = destination();
  const harness = await RouterHarness.open({
    destinations: { one: one.fake, two: two.fake },
    sources: { shop: ["one", "two"], blog: ["two"] },
  });
  await harness.accept([
    { messageId: "a", integrations: { All: false, one: true } },
    { messageId: "b", integrations: { one: false } },
    { messageId: "c", integrations: "nonsense" },
  ]);
  await harness.accept([{ messageId: "d" }], "blog");
  assert.deepEqual(
    [one.ids, two.ids],
    [
      ["a", "c"],
      ["b", "c", "d"],
    ],
  );
  const statuses = [await harness.status("one"), await harness.status("two")];
  assert.deepEqual(
    statuses.map(({ filtered }) => filtered),
    [{ integrations: 1 }, { integrations: 1 }],
  );
  assert.deepEqual(
    statuses.map(({ delivered: count }) => count),
    [2, 3],
  );
  assert.deepEqual(
    statuses.map(({ malformedIntegrations }) => malformedIntegrations),
    [1, 1],
  );
  await harness.close();
});

test("what a destination's type has no use for is filtered, and what it changes of an event is counted", async () => {
  const { fake, ids } = destination();
  const deliver = fake.deliver;
  fake.deliver = async (events) => {
    const outcomes = await deliver(events);
    return outcomes.map((outcome, at) => {
      const { messageId } = events[at]!;
      if (messageId === "page") return filtered("unsupported");
      return messageId === "long"
        ? { outcome: "delivered", adjusted: [{ reason: "clipped" }, { reason: "left_out" }] }
        : outcome;
    });
  };
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept(["page", "long", "short"].map((messageId) => ({ messageId })));
  assert.deepEqual(ids, ["page", "long", "short"]);
  const status = await harness.status("d");
  assert.deepEqual(
    [status.delivered, status.filtered, status.adjusted, status.dead, status.waiting],
    [2, { unsupported: 1 }, { clipped: 1, left_out: 1 }, {}, 0],
  );
  await harness.close();
});

stillTest("what was accepted before its source was disconnected is filtered", async () => {
  const stuck = new FakeDestination(() => new Promise(() => {}));
  const harness = await RouterHarness.open({ destinations: { d: stuck } });
  await harness.accept([{ messageId: "a" }, { messageId: "b" }]);
  await harness.close(0);
  const { store, clock } = harness;
  const { fake, ids } = destination();
  const again = await RouterHarness.open({
    store,
    clock,
    destinations: { d: fake },
    sources: { shop: [], blog: ["d"] },
  });
  await again.accept([{ messageId: "c" }]);
  await again.accept([{ messageId: "e" }], "blog");
  assert.deepEqual(ids, ["e"]);
  const status = await again.status("d");
  assert.deepEqual([status.filtered, status.delivered, status.waiting], [{ disconnected: 2 }, 1, 0]);
  await again.close();
  assert.deepEqual(again.progressOf("d"), { low: 3, finished: [] });
});

test("at the very first start every destination begins at the beginning; one that comes later, at the end", async () => {
  const one = destination();
  const two = destination();
  const three = destination();
  const store = new MemoryDisk();
  const clock = new FakeClock();
  // The gateway was faster than the router: an event is there, and no router has been.
  const before = await RouterHarness.open({ store, clock, destinations: {} });
  store.forget("destinations");
  await before.accept([{ messageId: "a" }]);
  await before.close();

  const first = await RouterHarness.open({ store, clock, destinations: { one: one.fake } });
  await settle();
  assert.deepEqual(one.ids, ["a"]);
  await first.close();
  const second = await RouterHarness.open({
    store,
    clock,
    destinations: { one: one.fake, two: two.fake, three: three.fake },
    settings: { three: { from: "start" } },
  });
  await second.accept([{ messageId: "b" }]);
  assert.deepEqual([one.ids, two.ids, three.ids], [["a", "b"], ["b"], ["a", "b"]]);
  await second.close();
});

test("a destination that has lost its progress begins where it began, not at the end", async () => {
  const one = destination();
  const first = await RouterHarness.open({ destinations: { one: one.fake } });
  await first.accept([{ messageId: "a" }]);
  first.engine.crash();
  const { store, clock } = first;
  store.forgetSaves();
  const two = destination();
  const again = await RouterHarness.open({ store, clock, destinations: { one: two.fake } });
  await settle();
  assert.deepEqual(two.ids, ["a"]);
  await again.close();
});

test("a first start that is broken off is still the first start", async () => {
  const hanging = destination();
  const first = await RouterHarness.open({ destinations: {} });
  const { store, clock } = first;
  await first.accept([{ messageId: "a" }]);
  first.engine.crash();
  // Only the first of two destinations had got its place.
  store.forget("destinations");
  const half = await RouterHarness.open({ store, clock, destinations: { one: hanging.fake } });
  half.engine.crash();
  store.recordsOf("destinations").pop();
  const one = destination();
  const two = destination();
  const second = await RouterHarness.open({ store, clock, destinations: { one: one.fake, two: two.fake } });
  await settle();
  assert.deepEqual([one.ids, two.ids], [["a"], ["a"]]);
  await second.close();
});

stillTest("a destination that hangs costs the others nothing, and closing does not wait for it", async () => {
  const hanging = new FakeDestination(() => new Promise(() => {}));
  const alone = destination();
  const beside = destination();
  const lone = await RouterHarness.open({ destinations: { well: alone.fake } });
  const harness = await RouterHarness.open({
    destinations: { hanging, well: beside.fake },
    limits: { windowEvents: 50 },
  });
  for (let n = 0; n < 300; n++) {
    for (const one of [lone, harness]) await one.accept([{ messageId: `m${n}`, userId: `u${n % 7}` }]);
    assert.equal(beside.ids.length, alone.ids.length);
  }
  assert.equal(beside.ids.length, 300);
  const status = await harness.status("hanging");
  assert.deepEqual([status.waiting, status.inFlight, status.delivered], [300, 4, 0]);
  assert.ok((harness.router.inMemory.get("hanging") ?? 0) <= 50, "what waits is in the log");
  const before = harness.clock.now();
  await harness.close(5000);
  assert.ok(harness.clock.now() - before <= 5200);
  await lone.close();
});

test("a destination that cannot be opened is tried again", async () => {
  const { fake, ids } = destination();
  let broken = true;
  fake.open = async () => {
    if (broken) throw new Error("no such folder");
  };
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a" }]);
  await harness.clock.advance(minute);
  const status = await harness.status("d");
  assert.deepEqual([status.problem?.reason, status.waiting], ["open", 1]);
  broken = false;
  await harness.clock.advance(5 * minute);
  assert.deepEqual(ids, ["a"]);
  await harness.close();
});

stillTest("one event on which a server hangs does not stop the destination again and again", async () => {
  const { fake, ids, attempts } = destination((id) => (id === "poison" ? retry("destination", "timeout") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "poison", userId: "p" }]);
  for (let n = 0; n < 20; n++) {
    await harness.accept([{ messageId: `m${n}`, userId: `u${n}` }]);
    await harness.clock.advance(minute);
  }
  assert.equal(ids.length, 20);
  const status = await harness.status("d");
  assert.deepEqual([status.state, status.lanesParked, status.waiting], ["closed", 1, 1]);
  assert.ok((attempts.get("poison") ?? 0) > 5);
  assert.equal(harness.log.filter((line) => line.includes("trouble")).length, 1);
  await harness.close();
});

stillTest(
  "a refusal now and then is one server's of several, and stops nobody; eight in a row are the destination's",
  async () => {
    const refused = retry("destination", "http_503", { answer: { status: 503, headers: {}, body: "" } });
    // Every third request meets the server that is down.
    let requests = 0;
    let isDown = false;
    const { fake, ids } = destination(() => (isDown || requests++ % 3 === 0 ? refused : undefined));
    const harness = await RouterHarness.open({ destinations: { d: fake }, settings: { d: { concurrency: 1 } } });
    await harness.accept([{ messageId: "first", userId: "first" }]);
    assert.equal((await harness.status("d")).state, "open", "from one that never worked, the first refusal counts");
    await harness.clock.advance(minute);
    assert.deepEqual(ids, ["first"]);

    for (let n = 0; n < 30; n++) await harness.accept([{ messageId: `m${n}`, userId: `u${n}` }]);
    const { state, lanesWaiting } = await harness.status("d");
    assert.deepEqual([state, lanesWaiting], ["closed", 10], "only the users wait whom it hit");
    await harness.clock.advance(5 * minute);
    assert.equal(ids.length, 31);

    isDown = true;
    for (let n = 0; n < 7; n++) await harness.accept([{ messageId: `x${n}`, userId: `x${n}` }]);
    assert.equal((await harness.status("d")).state, "closed");
    await harness.accept([{ messageId: "x7", userId: "x7" }]);
    assert.equal((await harness.status("d")).state, "open");
    await harness.close();
  },
);

test("a refusal with Retry-After, and refused credentials, are the destination's at once", async () => {
  const answer = { status: 503, headers: {}, body: "" };
  for (const refusal of [
    retry("destination", "http_503", { answer, after: 1000 }),
    retry("destination", "http_401", { answer: { ...answer, status: 401 }, ages: false }),
    retry("destination", "connect"),
  ]) {
    const { fake } = destination((id) => (id === "well" ? undefined : refusal));
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    await harness.accept([{ messageId: "well", userId: "a" }]);
    await harness.accept([{ messageId: "ill", userId: "b" }]);
    assert.equal((await harness.status("d")).state, "open", refusal.reason);
    await harness.close();
  }
});

test("when most events fail, it is the destination's trouble", async () => {
  const { fake } = destination(() => retry("event", "http_500"));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept(Array.from({ length: 500 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n}` })));
  const status = await harness.status("d");
  assert.equal(status.state, "open");
  assert.ok(status.retried < 100, `${status.retried} of 500 were tried`);
  await harness.close();
});

test("a destination's type that throws or gives too few outcomes loses nothing", async () => {
  let call = 0;
  const ids: string[] = [];
  const fake = new FakeDestination((events) => {
    call++;
    if (call === 1) throw new Error("a fault in the type");
    if (call === 2) return [];
    ids.push(...events.map(({ messageId }) => messageId));
    return events.map(() => delivered);
  });
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a" }]);
  await harness.clock.advance(minute);
  assert.deepEqual(ids, ["a"]);
  await harness.close();
});

// It is about where records stand.
onePartitionTest(
  "a record that cannot be taken apart is kept whole as a dead letter that counts as its events",
  async () => {
    const { fake, ids } = destination();
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    await harness.accept([{ messageId: "a" }]);
    const [good] = harness.store.recordsOf("events");
    await harness.engine.append("events", { header: Buffer.from([1, 2, 3]), payload: Buffer.from("x") });
    await harness.engine.append("events", { header: good!.header, payload: Buffer.from("{not json") });
    await harness.accept([{ messageId: "b" }]);
    assert.deepEqual(ids, ["a", "b"]);
    assert.deepEqual((await harness.status("d")).dead, { record: 2 });
    const letter = decodeDeadLetter(harness.store.recordsOf("dead.d")[1]!);
    assert.equal(Buffer.from(String(letter?.event.payload), "base64").toString(), "{not json");
    await harness.close();
  },
);

// It is about where records stand.
onePartitionTest("a record of a newer version stops the destination in front of it", async () => {
  const { fake, ids } = destination();
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a" }]);
  const header = Buffer.from(harness.store.recordsOf("events")[0]!.header);
  header[0] = 99;
  await harness.engine.append("events", { header, payload: Buffer.from("{}") });
  await harness.accept([{ messageId: "b" }]);
  assert.deepEqual(ids, ["a"]);
  const status = await harness.status("d");
  assert.deepEqual([status.state, status.problem?.reason], ["stopped", "record_too_new"]);
  await harness.close();
  assert.deepEqual(harness.progressOf("d"), { low: 1, finished: [] });
});

test("a read that fails is tried again", async () => {
  const { fake, ids } = destination();
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  harness.engine.readFault = () => new Error("the disk does not answer");
  await harness.accept([{ messageId: "a" }]);
  assert.deepEqual(ids, []);
  assert.match(harness.log.join(), /the disk does not answer/);
  harness.engine.readFault = undefined;
  await harness.clock.advance(minute);
  assert.deepEqual(ids, ["a"]);
  await harness.close();
});

test("batches that are delivered as a whole hold many events of a user, in the order of the log", async () => {
  const batches: string[][] = [];
  let fail = true;
  const fake = new FakeDestination(
    (events) => {
      batches.push(events.map(({ messageId }) => messageId));
      return events.map(() => (fail ? retry("destination", "file_enospc") : delivered));
    },
    { events: 4, bytes: 1 << 20, whole: true },
  );
  const harness = await RouterHarness.open({ destinations: { d: fake }, settings: { d: { concurrency: 1 } } });
  await harness.accept(["a1", "b1", "a2", "b2", "a3"].map((id) => ({ messageId: id, userId: id.slice(0, 1) })));
  fail = false;
  await harness.clock.advance(minute);
  assert.deepEqual(batches[0]?.length, 4);
  const seen = batches.slice(1).flat();
  assert.deepEqual(
    seen.filter((id) => id.startsWith("a")),
    ["a1", "a2", "a3"],
  );
  assert.deepEqual(
    seen.filter((id) => id.startsWith("b")),
    ["b1", "b2"],
  );
  for (const batch of batches) {
    const order = ["a1", "b1", "a2", "b2", "a3"];
    assert.deepEqual(
      batch,
      order.filter((id) => batch.includes(id)),
    );
  }
  await harness.close();
});

// It is about where records stand.
onePartitionTest("a long list of what has ended is saved less often, a short one is not waited for", async () => {
  let release = (_: readonly Outcome[]): void => {};
  const fake = new FakeDestination((events) =>
    events[0]?.messageId === "held" ? new Promise((resolve) => (release = resolve)) : events.map(() => delivered),
  );
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "held", userId: "ada" }]);
  await harness.accept(Array.from({ length: 1100 }, (_, n) => ({ messageId: `m${n}`, userId: `user-${n}` })));
  await harness.clock.advance(1000);
  assert.equal(harness.progressOf("d")?.finished.length, 1100);
  await harness.accept([{ messageId: "next", userId: "bob" }]);
  await harness.clock.advance(500);
  assert.equal(harness.progressOf("d")?.finished.length, 1100);
  release([delivered]);
  await harness.clock.advance(100);
  assert.deepEqual(harness.progressOf("d"), { low: 3, finished: [] });
  await harness.close();
});

test("the status keeps the order of the configuration when a destination is changed", async () => {
  const harness = await RouterHarness.open({
    destinations: { one: destination().fake, two: destination().fake, three: destination().fake },
  });
  const { sources, destinations } = harness.config;
  const order = async () => (await harness.router.status()).destinations.map(({ id }) => id);
  const changed = destinations.map((entry) =>
    entry.id === "one" ? { ...entry, settings: { concurrency: 2 } } : entry,
  );
  await harness.change({ sources, destinations: changed });
  assert.deepEqual(await order(), ["one", "two", "three"]);
  await harness.change({ sources, destinations: changed.toReversed() });
  assert.deepEqual(await order(), ["three", "two", "one"]);
  await harness.close();
});

onePartitionTest(
  "the ids of a partition leave memory with it, and its next owner finds the same duplicates",
  async () => {
    const one = destination();
    const two = destination();
    const destinations = { one: one.fake, two: two.fake };
    const harness = await RouterHarness.open({ destinations, partitions: 4 });
    const events = Array.from({ length: 20 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n}` }));
    await harness.accept(events);
    assert.deepEqual(harness.router.deduped.toSorted(), [0, 1, 2, 3]);
    await harness.revoke(2);
    assert.deepEqual(harness.router.deduped.toSorted(), [0, 1, 3]);
    await harness.accept(events);
    await harness.assign(2);
    await harness.accept(events);
    assert.deepEqual(harness.router.deduped.toSorted(), [0, 1, 2, 3]);
    for (const id of ["one", "two"]) {
      const { delivered: count, duplicate, waiting } = await harness.status(id);
      assert.deepEqual([count, duplicate, waiting], [20, 40, 0]);
    }
    const { sources, destinations: all } = harness.config;
    await harness.change({ sources, destinations: all.slice(1) });
    assert.deepEqual(harness.router.deduped.toSorted(), [0, 1, 2, 3], "another destination still has them");
    await harness.close();
  },
);

onePartitionTest("a dead letter that cannot be written is left to whoever owns its partition then", async () => {
  const { fake } = destination(() => dead("http_400"));
  const harness = await RouterHarness.open({ destinations: { d: fake }, partitions: 4 });
  harness.engine.appendFault = (topic) => (topic.startsWith("dead.") ? new Error("no space left") : undefined);
  await harness.accept(Array.from({ length: 20 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n}` })));
  for (const partition of [0, 1, 2, 3]) await harness.revoke(partition);
  for (const partition of [0, 1, 2, 3]) await harness.assign(partition);
  harness.engine.appendFault = undefined;
  await harness.clock.advance(minute);
  const letters = harness.store.recordsOf("dead.d").map((record) => decodeDeadLetter(record)?.event.messageId);
  assert.deepEqual(letters.toSorted(), [...new Set(letters)].toSorted(), "one letter for each");
  assert.deepEqual([letters.length, (await harness.status("d")).dead], [20, { http_400: 20 }]);
  await harness.close();
});
