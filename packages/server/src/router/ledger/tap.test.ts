import assert from "node:assert/strict";
import { test as plainTest } from "node:test";
import { type DestinationType, defineDestination, delivered, type HttpRequest, retry, secret } from "@pintle/kit";
import { z } from "zod";
import { destination, type FakeSettings } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { onePartitionTest, stillTest, test } from "../testing/router-test.ts";
import type { EventTransform } from "../transform/event-transform.ts";
import { redactedStep, Tap, type WatchedStep } from "./tap.ts";

/** What a step is, in a word or two. */
function wordOf({ messageId, step }: WatchedStep): string {
  const more = "outcome" in step ? [step.number, step.outcome] : "reason" in step ? [step.reason] : [];
  return [messageId, step.kind, ...more].join(" ");
}

function watched({ router }: RouterHarness): WatchedStep[] {
  const steps: WatchedStep[] = [];
  router.tap.watch((step) => steps.push(step));
  return steps;
}

// It is about where records stand.
onePartitionTest("every step of every event is seen, in its order", async () => {
  const { fake } = destination((id, attempt) => (id === "again!" && attempt === 1 ? retry("event", "x") : undefined));
  const transform: EventTransform = {
    run: async (events) =>
      events.map((event) => {
        if (event.messageId === "bad") return { kind: "dead", reason: "transformation", detail: "it threw" };
        return { kind: "deliver", events: [{ ...event, messageId: `${event.messageId}!` }] };
      }),
    close: async () => {},
  };
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  const steps = watched(harness);
  const of = (messageId: string, more: object = {}) => ({ messageId, userId: messageId, ...more });
  await harness.accept([of("good"), of("good"), of("not", { integrations: { All: false } })]);
  await harness.accept([of("bad"), of("again"), of("odd", { type: "shout" })]);
  await harness.clock.advance(60_000);
  const byEvent = (id: string) =>
    steps.flatMap((step) => (step.messageId === id ? wordOf(step).slice(id.length + 1) : []));
  assert.deepEqual(byEvent("good"), [
    "accepted",
    "accepted",
    "duplicate",
    "transformed",
    "attempt 1 delivered",
    "delivered",
  ]);
  assert.deepEqual(byEvent("not"), ["accepted", "filtered integrations"]);
  assert.deepEqual(byEvent("bad"), ["accepted", "dead transformation"]);
  assert.deepEqual(byEvent("again"), [
    "accepted",
    "transformed",
    "attempt 1 retry",
    "attempt 2 delivered",
    "delivered",
  ]);
  assert.deepEqual(byEvent("odd"), ["accepted", "dead type"]);
  const { destinationId, sourceId, partition, offset, index } = steps.find(({ messageId }) => messageId === "again")!;
  assert.deepEqual([destinationId, sourceId, partition, offset, index], ["d", "shop", 0, 1, 1]);
  await harness.close();
});

test("what was changed of an event is seen with the attempt, without a secret", async () => {
  const { fake } = destination();
  fake.deliver = (events) =>
    events.map(() => ({ outcome: "delivered", adjusted: [{ reason: "clipped", detail: "title, of wk_secret_key" }] }));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  const steps = watched(harness);
  await harness.accept([{ messageId: "a" }]);
  const attempt = steps.map(({ step }) => step).find((step) => step.kind === "attempt")!;
  assert.deepEqual(attempt.adjusted, [{ reason: "clipped", detail: "title, of wk_secret_key" }]);
  const hidden = redactedStep(attempt, (text) => text.replace("wk_secret_key", "[redacted]"));
  assert.deepEqual("adjusted" in hidden && hidden.adjusted, [{ reason: "clipped", detail: "title, of [redacted]" }]);
  await harness.close();
});

test("an event that is parked is seen to be, and goes on under its place in events", async () => {
  let isStuck = true;
  const { fake } = destination((id) => (isStuck && id === "a" ? retry("event", "http_500") : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "b", userId: "b" }]);
  const steps = watched(harness);
  await harness.accept([{ messageId: "a", userId: "a" }]);
  await harness.clock.advance(20_000);
  assert.ok(steps.map(wordOf).includes("a parked"));
  isStuck = false;
  harness.router.retryNow("d");
  await harness.clock.advance(60_000);
  assert.equal(wordOf(steps.at(-1)!), "a delivered");
  assert.deepEqual(new Set(steps.map(({ offset }) => offset)), new Set([1]));
  await harness.close();
});

test("an attempt has its request and its answer, and no secret of the destination", async () => {
  const key = "k3y-4Zq8-very-secret-91";
  const type = defineDestination<{ readonly key: string }>({
    type: "http",
    displayName: "HTTP",
    description: "posts events with a key",
    settings: { key: secret(z.string()).describe("The key.") },
    requests: (events, settings) => [
      {
        method: "POST",
        url: `http://h/in?key=${settings.key}`,
        headers: { authorization: `Bearer ${settings.key}` },
        body: JSON.stringify(events),
      } satisfies HttpRequest,
    ],
  });
  const sender = {
    send: async () => ({ status: 400, headers: { "x-key": key }, body: `no ${key}` }),
    close: async () => {},
  };
  const withSender = {
    ...type,
    open: (settings: unknown, tools: object) => type.open(settings as never, { ...tools, sender } as never),
  } as unknown as DestinationType;
  const harness = await RouterHarness.open({
    destinations: { d: { type: withSender } },
    settings: { d: { key } as FakeSettings },
  });
  const steps = watched(harness);
  await harness.accept([{ messageId: "m" }]);
  assert.deepEqual(steps.map(wordOf), ["m accepted", "m attempt 1 dead", "m dead http_400"]);
  const [, attempt] = steps;
  assert.ok(attempt?.step.kind === "attempt");
  const [sent] = attempt.step.requests;
  assert.deepEqual([sent?.messageIds, sent?.request.method, sent?.answer?.status], [["m"], "POST", 400]);
  assert.equal(JSON.stringify(steps).includes(key), false);
  await harness.close();
});

plainTest("whoever stops watching, or throws, is told nothing more; the others are", () => {
  const tap = new Tap();
  assert.equal(tap.isWatched, false);
  const seen: string[] = [];
  const stop = tap.watch(() => seen.push("one"));
  tap.watch(() => {
    seen.push("two");
    throw new Error("broken");
  });
  const step: WatchedStep = {
    ...{ destinationId: "d", at: 0, sourceId: "s", partition: 0, offset: 0, index: 0, messageId: "m" },
    step: { kind: "delivered" },
  };
  tap.tell(step);
  tap.tell(step);
  assert.deepEqual(seen, ["one", "two", "one"]);
  stop();
  assert.equal(tap.isWatched, false);
  tap.tell(step);
  assert.equal(seen.length, 3);
});

stillTest("requests are shown only while somebody watches", async () => {
  for (const isWatched of [false, true]) {
    const asked: unknown[] = [];
    const { fake } = destination();
    const spying = {
      ...fake.type,
      open: async () => ({
        deliver: async (events: readonly unknown[], delivery?: object) => {
          asked.push("sent" in (delivery ?? {}));
          return events.map(() => delivered);
        },
        close: async () => {},
      }),
    };
    const harness = await RouterHarness.open({ destinations: { d: { type: spying } } });
    if (isWatched) watched(harness);
    await harness.accept([{ messageId: "m" }]);
    assert.deepEqual(asked, [isWatched]);
    assert.equal((await harness.status("d")).delivered, 1);
    await harness.close();
  }
});
