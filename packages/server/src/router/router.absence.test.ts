import assert from "node:assert/strict";
import { classifyAnswer, dead, delivered, type Outcome } from "@pintle/kit";
import { decodeDeadLetter } from "../records/dead-letter.ts";
import { destination, FakeDestination } from "./testing/fake-destination.ts";
import { RouterHarness } from "./testing/router-harness.ts";
import { onePartitionTest, stillTest, test } from "./testing/router-test.ts";

// What 404, 410 and redirects mean: of one event, or of all.

const second = 1000;
const answered = (status: number): Outcome =>
  classifyAnswer({ status, headers: status === 301 ? { location: "https://new.example/a?key=1" } : {}, body: "" }, 0);

function lettersIn({ store }: RouterHarness): string[] {
  return store
    .recordsOf("dead.d")
    .map((record) => decodeDeadLetter(record)!)
    .map(({ event, reason, attempts }) => `${event.messageId} ${reason} ${attempts}`);
}

for (const status of [404, 410, 301, 308]) {
  test(`a minute of ${status} from one that worked stops it, and no event dies`, async () => {
    let isAway = false;
    const { fake, ids } = destination(() => (isAway ? answered(status) : undefined));
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    let made = 0;
    const accept = async () => {
      await harness.accept(Array.from({ length: 10 }, () => ({ messageId: `m${made}`, userId: `u${made++ % 30}` })));
      await harness.clock.advance(second);
    };
    for (let at = 0; at < 5; at++) await accept();
    isAway = true;
    for (let at = 0; at < 60; at++) await accept();
    const { state, problem, waiting } = await harness.status("d");
    assert.deepEqual([state, problem?.reason, waiting], ["open", `http_${status}`, 600]);
    const target = status === 301 ? " and points to https://new.example/a?..., but redirects are not followed" : "";
    assert.equal(problem?.message, `several events in a row: the destination answered ${status}${target}`);
    isAway = false;
    for (let at = 0; at < 20; at++) await accept();
    assert.deepEqual([ids.length, lettersIn(harness)], [made, []]);
    await harness.close();
  });
}

stillTest("one alone is a dead letter as soon as others got through, and its user goes on", async () => {
  const { fake, ids } = destination((id) => (id === "m3" ? answered(404) : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  for (let at = 0; at < 10; at++) await harness.accept([{ messageId: `m${at}`, userId: `u${at % 3}` }]);
  await harness.clock.advance(second);
  assert.deepEqual(lettersIn(harness), ["m3 http_404 2"]);
  assert.deepEqual(ids, ["m0", "m1", "m2", "m4", "m5", "m7", "m8", "m6", "m9"]);
  assert.equal((await harness.status("d")).state, "closed");
  await harness.close();
});

stillTest("one alone with nobody beside it is a dead letter after 5 s", async () => {
  const { fake, attempts } = destination(() => answered(410));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "a" }]);
  await harness.clock.advance(4.9 * second);
  assert.deepEqual(lettersIn(harness), []);
  await harness.clock.advance(0.2 * second);
  assert.deepEqual(lettersIn(harness), ["a http_410 3"]);
  assert.equal(attempts.get("a"), 3);
  await harness.close();
});

test("a URL that is wrong from the start stops the destination at the third event", async () => {
  const { fake } = destination(() => answered(404));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  for (const messageId of ["a", "b", "c", "d"]) await harness.accept([{ messageId, userId: messageId }]);
  assert.equal((await harness.status("d")).state, "open");
  await harness.clock.advance(7 * 24 * 3600 * second);
  assert.deepEqual([lettersIn(harness), (await harness.status("d")).waiting], [[], 4], "and none ages meanwhile");
  await harness.close();
});

stillTest(
  "a third of all events has nothing where it is sent to: they end, and nobody else waits for them",
  async () => {
    const { fake, ids, attempts } = destination((id) => (Number(id.slice(1)) % 3 === 0 ? answered(404) : undefined));
    const harness = await RouterHarness.open({ destinations: { d: fake } });
    for (let first = 0; first < 900; first += 30) {
      await harness.accept(Array.from({ length: 30 }, (_, n) => ({ messageId: `m${first + n}`, userId: `u${n}` })));
      await harness.clock.advance(100);
    }
    await harness.clock.advance(5 * second);
    assert.deepEqual([ids.length, lettersIn(harness).length, (await harness.status("d")).waiting], [600, 300, 0]);
    const asked = [...attempts].filter(([id]) => Number(id.slice(1)) % 3 === 0).map(([, times]) => times);
    assert.deepEqual(
      [Math.max(...asked), asked.filter((times) => times > 1).length],
      [2, 10],
      "one of each user twice",
    );
    await harness.close();
  },
);

test("a set of events that all have nothing where they are sent to ends, though they are in a row again and again", async () => {
  const { fake, ids } = destination((id) => (id.startsWith("gone") ? answered(404) : undefined));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  await harness.accept([{ messageId: "first" }]);
  await harness.accept(Array.from({ length: 40 }, (_, n) => ({ messageId: `gone${n}`, userId: `g${n}` })));
  await harness.accept(Array.from({ length: 20 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n}` })));
  await harness.clock.advance(15 * 60 * second);
  assert.deepEqual([ids.length, lettersIn(harness).length], [21, 40]);
  await harness.close();
});

// It is about one batch.
onePartitionTest("a batch that gets one such answer for all of its events is many in a row", async () => {
  let isAway = true;
  const got: string[] = [];
  const fake = new FakeDestination(
    (events) => {
      if (!isAway) got.push(...events.map(({ messageId }) => messageId));
      return events.map(() => (isAway ? answered(404) : delivered));
    },
    { events: 100, bytes: 1 << 20, whole: true },
  );
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  const all = Array.from({ length: 10 }, (_, n) => ({ messageId: `m${n}`, userId: `u${n % 3}` }));
  await harness.accept(all);
  assert.equal((await harness.status("d")).state, "open");
  await harness.clock.advance(60 * second);
  isAway = false;
  await harness.clock.advance(15 * second);
  assert.deepEqual([got, lettersIn(harness)], [all.map(({ messageId }) => messageId), []]);
  await harness.close();
});

test("what a destination's type calls dead is dead", async () => {
  const { fake } = destination(() => dead("http_404"));
  const harness = await RouterHarness.open({ destinations: { d: fake } });
  for (const messageId of ["a", "b", "c", "d"]) await harness.accept([{ messageId, userId: messageId }]);
  assert.deepEqual(lettersIn(harness), ["a http_404 1", "b http_404 1", "c http_404 1", "d http_404 1"]);
  await harness.close();
});

stillTest("of an event that goes out as several, only those go out again that are not decided", async () => {
  const sent: string[] = [];
  const fake = new FakeDestination((events) =>
    events.map(({ messageId }) => {
      sent.push(messageId);
      return messageId === "a:1" ? answered(404) : delivered;
    }),
  );
  const transform = {
    run: async (events: readonly { messageId: string }[]) =>
      events.map((event) => ({
        kind: "deliver" as const,
        events: [0, 1, 2].map((n) => ({ ...event, messageId: `${event.messageId}:${n}` })) as never,
      })),
    close: async () => {},
  };
  const harness = await RouterHarness.open({ destinations: { d: fake }, pipelines: { d: { transform } } });
  await harness.accept([{ messageId: "a", userId: "a" }]);
  await harness.accept([{ messageId: "b", userId: "b" }]);
  await harness.clock.advance(second);
  assert.deepEqual(sent, ["a:0", "a:1", "a:2", "b:0", "b:1", "b:2", "a:1"]);
  assert.deepEqual(lettersIn(harness), ["a http_404 2"]);
  await harness.close();
});

stillTest("a destination that worked before a restart is not stopped by three answers in a row after it", async () => {
  const first = await RouterHarness.open({ destinations: { d: destination().fake } });
  await first.accept([{ messageId: "well", userId: "w" }]);
  await first.accept([{ messageId: "again", userId: "w" }]);
  const { store, clock } = first;
  const noted = () =>
    store.recordsOf("destinations").filter(({ header }) => Buffer.from(header).includes('"delivered"')).length;
  assert.equal(noted(), 1, "it is noted once");
  await first.close();

  const { fake } = destination(() => answered(404));
  const second = await RouterHarness.open({ store, clock, destinations: { d: fake } });
  for (const messageId of ["a", "b", "c", "d"]) await second.accept([{ messageId, userId: messageId }]);
  assert.equal((await second.status("d")).state, "closed");
  await second.close(0);
  assert.equal(noted(), 1);
});
