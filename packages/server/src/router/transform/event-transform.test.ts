import assert from "node:assert/strict";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { dead, delivered, filtered, retry } from "@pintle/kit";
import { decodeDeadLetter } from "../../records/dead-letter.ts";
import { FakeDestination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { stillTest, test } from "../testing/router-test.ts";
import type { EventTransform, Throttle, Transformed } from "./event-transform.ts";

function stageOf(
  transform: (event: DeliveredEvent) => Transformed | Promise<Transformed>,
): EventTransform & { closed: number; ran: string[] } {
  const ran: string[] = [];
  const made = {
    closed: 0,
    ran,
    run: (events: readonly DeliveredEvent[]) =>
      Promise.all(
        events.map(async (event) => {
          ran.push(event.messageId);
          return transform(event);
        }),
      ),
    close: async () => {
      made.closed++;
    },
  };
  return made;
}

const as = (event: DeliveredEvent, ...names: string[]): Transformed => ({
  kind: "deliver",
  events: names.map((messageId) => ({ ...event, messageId })),
});

test("what a transform makes of an event goes out, or ends there and is counted", async () => {
  const sent: string[][] = [];
  const fake = new FakeDestination(async (events) => {
    sent.push(events.map(({ messageId }) => messageId));
    return events.map(() => delivered);
  });
  const transform = stageOf((event) => {
    if (event.messageId === "no") return { kind: "filtered", reason: "transformation" };
    if (event.messageId === "bad") return { kind: "dead", reason: "transformation", detail: "it threw" };
    return event.messageId === "two" ? as(event, "two:0", "two:1") : as(event, `${event.messageId}!`);
  });
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  await harness.accept(["one", "no", "bad", "two"].map((messageId) => ({ messageId })));
  assert.deepEqual(sent, [["one!"], ["two:0", "two:1"]]);
  const status = await harness.status("d");
  assert.deepEqual(
    [status.delivered, status.filtered, status.dead, status.waiting],
    [2, { transformation: 1 }, { transformation: 1 }, 0],
  );
  const letter = decodeDeadLetter(harness.store.recordsOf("dead.d")[0]!);
  assert.deepEqual([letter?.event.messageId, letter?.detail], ["bad", "it threw"]);
  await harness.close();
  assert.equal(transform.closed, 1);
});

test("an event that became several is delivered where any of them is for the destination, and filtered where none is", async () => {
  const fake = new FakeDestination(async (events) =>
    events.map(({ messageId }) =>
      messageId.endsWith("0") ? filtered("unsupported") : { outcome: "delivered", adjusted: [{ reason: "clipped" }] },
    ),
  );
  const transform = stageOf((event) => (event.messageId === "a" ? as(event, "a:0", "a:1", "a:2") : as(event, "b:0")));
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  await harness.accept([{ messageId: "a" }, { messageId: "b" }]);
  const { delivered: count, filtered: not, adjusted, waiting } = await harness.status("d");
  assert.deepEqual([count, not, adjusted, waiting], [1, { unsupported: 1 }, { clipped: 2 }, 0]);
  await harness.close();
});

stillTest(
  "of an event that became several, only what failed goes out again, and the transform is not asked again",
  async () => {
    const sent: string[] = [];
    const fake = new FakeDestination(async (events) =>
      events.map(({ messageId }) => {
        sent.push(messageId);
        if (messageId === "a:2") return dead("http_400");
        return messageId === "a:1" && sent.filter((id) => id === "a:1").length < 3
          ? retry("event", "http_500")
          : delivered;
      }),
    );
    const transform = stageOf((event) => as(event, "a:0", "a:1", "a:2"));
    const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
    await harness.accept([{ messageId: "a" }]);
    assert.deepEqual(sent, ["a:0", "a:1", "a:2"]);
    assert.equal((await harness.status("d")).waiting, 1);
    await harness.clock.advance(10_000);
    assert.deepEqual(sent, ["a:0", "a:1", "a:2", "a:1", "a:1"]);
    assert.deepEqual(transform.ran, ["a"]);
    const { dead: died, delivered: count, waiting } = await harness.status("d");
    assert.deepEqual(
      [died, count, waiting],
      [{ http_400: 1 }, 0, 0],
      "one of them was refused: it is no whole delivery",
    );
    assert.equal(decodeDeadLetter(harness.store.recordsOf("dead.d")[0]!)?.event.messageId, "a");
    await harness.close();
  },
);

test("events of a user do not overtake each other in the transform, however long it takes for one of them", async () => {
  const sent: string[] = [];
  const fake = new FakeDestination(async (events) => {
    sent.push(...events.map(({ messageId }) => messageId));
    return events.map(() => delivered);
  });
  let letGo = () => {};
  const transform = stageOf(async (event) => {
    if (event.messageId === "slow") await new Promise<void>((resolve) => (letGo = resolve));
    return as(event, event.messageId);
  });
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  await harness.accept([
    { messageId: "slow", userId: "u" },
    { messageId: "behind", userId: "u" },
    { messageId: "other", userId: "v" },
  ]);
  assert.deepEqual(sent, ["other"]);
  letGo();
  await harness.clock.advance(0);
  assert.deepEqual(sent, ["other", "slow", "behind"]);
  await harness.close();
});

test("a probe that ends in the transform proves nothing: the next event is the probe", async () => {
  let isDown = true;
  const sent: string[] = [];
  const fake = new FakeDestination(async (events) => {
    sent.push(...events.map(({ messageId }) => messageId));
    return events.map(() => (isDown ? retry("destination", "connect") : delivered));
  });
  const transform = stageOf((event) =>
    event.messageId === "no" ? { kind: "filtered", reason: "transformation" } : as(event, event.messageId),
  );
  const harness = await RouterHarness.open({
    destinations: { d: fake },
    settings: { d: { concurrency: 1 } },
    pipelines: { d: { transform } },
  });
  await harness.accept([{ messageId: "first", userId: "u" }]);
  await harness.accept([{ messageId: "no", userId: "v" }]);
  assert.equal((await harness.status("d")).state, "open");
  isDown = false;
  await harness.clock.advance(60_000);
  const { state, delivered: count, filtered } = await harness.status("d");
  assert.deepEqual([state, count, filtered], ["closed", 1, { transformation: 1 }]);
  assert.deepEqual(sent, ["first", "first"]);
  await harness.close();
});

test("a transform that rejects or gives too little loses nothing", async () => {
  const fake = new FakeDestination(async (events) => events.map(() => delivered));
  let fault: "rejects" | "gives nothing" | undefined = "rejects";
  const transform: EventTransform = {
    run: async (events) => {
      if (fault === "rejects") throw new Error("its worker ended");
      return fault === undefined ? events.map((event) => as(event, event.messageId)) : [];
    },
    close: async () => {},
  };
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  await harness.accept([{ messageId: "a" }]);
  assert.equal((await harness.status("d")).problem?.message, "its worker ended");
  fault = "gives nothing";
  await harness.clock.advance(1000);
  fault = undefined;
  await harness.clock.advance(10_000);
  assert.equal((await harness.status("d")).delivered, 1);
  await harness.close();
});

test("a throttle keeps events back until it has room, and spreads them over time", async () => {
  const sentAt: number[] = [];
  let free = 0;
  // One event each second.
  const throttle: Throttle = {
    next: () => free,
    took: (events, now) => {
      free = Math.max(free, now) + 1000 * events;
    },
  };
  const fake = new FakeDestination(async (events) => {
    sentAt.push(harness.clock.now());
    return events.map(() => delivered);
  });
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { throttle } } });
  await harness.accept([0, 1, 2, 3].map((n) => ({ messageId: `m${n}`, userId: `u${n}` })));
  assert.deepEqual(sentAt, [0]);
  await harness.clock.advance(2500);
  assert.deepEqual(sentAt, [0, 1000, 2000]);
  assert.equal((await harness.status("d")).waiting, 1);
  await harness.clock.advance(1000);
  assert.deepEqual(sentAt, [0, 1000, 2000, 3000]);
  await harness.close();
});

test("a changed destination goes on where it was with its counts; the others are left alone", async () => {
  const sent: string[] = [];
  let key = "old";
  const fake = new FakeDestination(async (events) => {
    if (key !== "new") return events.map(() => retry("destination", "http_401", { ages: false }));
    sent.push(...events.map(({ messageId }) => messageId));
    return events.map(() => delivered);
  });
  const other = new FakeDestination(async (events) => events.map(() => delivered));
  const harness = await RouterHarness.open({ destinations: { d: fake, other } });
  await harness.accept([{ messageId: "a" }, { messageId: "b" }]);
  assert.equal((await harness.status("d")).state, "open");
  const before = await harness.status("d");
  key = "new";
  const { sources, destinations } = harness.config;
  await harness.change({
    sources,
    destinations: destinations.map((entry) => (entry.id === "d" ? { ...entry, settings: { concurrency: 2 } } : entry)),
  });
  await harness.clock.advance(0);
  assert.deepEqual(sent, ["a", "b"], "mended settings are tried at once");
  const after = await harness.status("d");
  assert.deepEqual([after.state, after.delivered, after.retried], ["closed", 2, before.retried]);
  assert.deepEqual([fake.opened, other.opened], [2, 1]);

  await harness.change({ sources, destinations: destinations.filter(({ id }) => id === "d") });
  await harness.accept([{ messageId: "c" }]);
  assert.equal((await harness.router.status()).destinations.length, 1);
  assert.equal(other.closed, 1);
  assert.deepEqual(sent, ["a", "b", "c"]);
  await harness.close();
});

stillTest("what was accepted before a change disconnected its source is filtered, and nothing after it", async () => {
  const fake = new FakeDestination(async (events) => events.map(() => retry("destination", "connect")));
  const harness = await RouterHarness.open({ destinations: { d: fake }, sources: { shop: ["d"], app: ["d"] } });
  for (const at of [0, 1, 2, 3]) await harness.accept([{ messageId: `m${at}` }], "shop");
  const { sources, destinations } = harness.config;
  fake.deliver = async (events) => events.map(() => delivered);
  await harness.change({ destinations, sources: sources.filter(({ id }) => id === "app") });
  await harness.accept([{ messageId: "late" }], "shop");
  await harness.accept([{ messageId: "well" }], "app");
  const { delivered: count, filtered, waiting } = await harness.status("d");
  assert.deepEqual([count, filtered, waiting], [1, { disconnected: 4 }, 0]);
  await harness.close();
});

stillTest(
  "large results go out in several calls, are asked for bit by bit, given back, and not kept for another attempt",
  async () => {
    const calls: string[][] = [];
    let isFirst = true;
    const fake = new FakeDestination(
      async (events) => {
        calls.push(events.map(({ messageId }) => messageId));
        return events.map(({ messageId }) => {
          if (messageId !== "b:2" || !isFirst) return delivered;
          isFirst = false;
          return retry("event", "http_500");
        });
      },
      { events: 10, bytes: 1000, whole: false },
    );
    let held = 0;
    const asked: string[][] = [];
    const size = 6 << 20;
    const transform: EventTransform = {
      run: async (events) => {
        asked.push(events.map(({ messageId }) => messageId));
        const ids = [0, 1, 2, 3].map((at) => `${events[0]!.messageId}:${at}`);
        held += ids.length * size;
        return [{ ...(as(events[0]!, ...ids) as Transformed & { kind: "deliver" }), sizes: ids.map(() => size) }];
      },
      release: (bytes) => {
        held -= bytes;
      },
      close: async () => {},
    };
    const harness = await RouterHarness.open({
      destinations: { d: fake },
      settings: { d: { concurrency: 1 } },
      pipelines: { d: { transform } },
    });
    await harness.accept([
      { messageId: "a", userId: "u" },
      { messageId: "b", userId: "v" },
      { messageId: "c", userId: "w" },
    ]);
    await harness.clock.advance(60_000);
    const { delivered: count, waiting } = await harness.status("d");
    assert.deepEqual([count, waiting, held], [3, 0, 0]);
    assert.ok(
      calls.every((ids) => ids.length <= 2),
      "16 MiB in a call",
    );
    const sent = calls.flat().filter((id) => id.startsWith("b"));
    assert.deepEqual(sent, ["b:0", "b:1", "b:2", "b:3", "b:2"], "only what is missing goes out again");
    assert.ok(asked.flat().filter((id) => id === "b").length >= 2, "made anew for the second attempt");
  },
);
