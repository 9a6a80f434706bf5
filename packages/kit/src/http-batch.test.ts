import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { z } from "zod";
import type { BatchLimits } from "./contract.ts";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { HttpRequest } from "./http-request.ts";
import { type Answer, dead, delivered } from "./outcome.ts";
import type { Sender } from "./sender.ts";

interface TestEvent {
  readonly messageId: string;
  readonly userId: string;
  readonly list?: string;
  readonly text?: string;
}

type Answering = (ids: readonly string[], request: HttpRequest) => number | Error | Answer;

const roomy: BatchLimits = { events: 100, bytes: 1 << 20, whole: true };

/** Opens a destination whose requests list the ids and texts of their events. */
async function open(
  answer: Answering,
  batch: BatchLimits = roomy,
  more: Partial<HttpDefinition<object>> = {},
  settings: object = {},
) {
  const sent: string[][] = [];
  const sender: Sender = {
    async send(request) {
      const ids = JSON.parse(String(request.body)).map(([id]: [string]) => id) as string[];
      sent.push(ids);
      const result = answer(ids, request);
      if (result instanceof Error) throw result;
      return typeof result === "number" ? { status: result, headers: {}, body: "" } : result;
    },
    close: async () => {},
  };
  const type = defineDestination<object>({
    type: "test",
    displayName: "Test",
    description: "a test",
    settings: { note: z.string().optional().describe("a note") },
    batch,
    requests: (of) => [
      {
        method: "POST",
        url: "http://h/",
        headers: {},
        body: JSON.stringify(of.map(({ messageId, text }) => [messageId, text])),
      },
    ],
    ...more,
  });
  const tools = { directory: "/", now: () => 7, userAgent: "Pintle/test", sender };
  const connection = await type.open(type.settings.parse(settings), tools);
  const deliver = (events: readonly TestEvent[]) => connection.deliver(events as unknown as DeliveredEvent[]);
  return { sent, deliver };
}

async function deliver(events: readonly TestEvent[], ...how: Parameters<typeof open>) {
  const { sent, deliver: deliverTo } = await open(...how);
  const outcomes = await deliverTo(events);
  const answers = outcomes.map((each) => ("answer" in each ? each.answer : undefined));
  return {
    sent,
    answers,
    outcomes: outcomes.map((each) => (each.outcome === "delivered" ? "delivered" : each.reason)),
  };
}

const listed = (ids: string): TestEvent[] => [...ids].map((messageId) => ({ messageId, userId: messageId }));

test("one bad event does not take the others with it: it is found by halving", async () => {
  const { sent, outcomes } = await deliver(listed("abcdefgh"), (ids) => (ids.includes("c") ? 400 : 200));
  assert.deepEqual(
    outcomes,
    [..."abcdefgh"].map((id) => (id === "c" ? "http_400" : "delivered")),
  );
  assert.deepEqual(
    sent.map((ids) => ids.join("")),
    ["abcdefgh", "abcd", "ab", "cd", "c", "d", "efgh"],
  );
});

test("an answer that is not about what was sent is not asked for again", async () => {
  for (const status of [301, 404, 405, 415]) {
    const { sent, outcomes } = await deliver(listed("abcd"), () => status);
    assert.deepEqual([sent.length, new Set(outcomes)], [1, new Set([`http_${status}`])]);
  }
});

test("what the type itself says about an answer is final", async () => {
  const refused = await deliver(listed("abcd"), () => 400, roomy, { classify: () => dead("own") });
  assert.deepEqual([refused.sent.length, refused.outcomes], [1, Array(4).fill("own")]);
  const each = {
    classify: (_: Answer, of: readonly DeliveredEvent[]) =>
      of.map((_event, at) => (at === 1 ? dead("own") : delivered)),
  };
  assert.deepEqual((await deliver(listed("abc"), () => 207, roomy, each)).outcomes, ["delivered", "own", "delivered"]);
});

test("a request holds no more events than the limit says", async () => {
  const { sent, outcomes } = await deliver(listed("abcde"), () => 200, { ...roomy, events: 2 });
  assert.deepEqual(
    sent.map((ids) => ids.join("")),
    ["ab", "cd", "e"],
  );
  assert.deepEqual(outcomes, Array(5).fill("delivered"));
});

test("an answer that the type cannot read costs no event, and of a long one the beginning is kept", async () => {
  const odd = { status: 200, headers: {}, body: "<html>" };
  const classify = ({ body }: Answer) => JSON.parse(body) as never;
  assert.deepEqual((await deliver(listed("ab"), () => odd, roomy, { classify })).outcomes, ["classify", "classify"]);
  let seen = 0;
  const long = { status: 500, headers: {}, body: "x".repeat(50_000) };
  const counting = ({ body }: Answer) => {
    seen = body.length;
    return undefined;
  };
  const { answers } = await deliver(listed("a"), () => long, roomy, { classify: counting });
  assert.deepEqual([seen, answers[0]?.body.length], [50_000, 10_240]);
});

test("a request that comes out larger than the limit is made again of each half, down to single events", async () => {
  const events = listed("abcd").map((event) => ({ ...event, text: "x".repeat(event.messageId === "d" ? 500 : 50) }));
  const { sent, outcomes } = await deliver(events, () => 200, { ...roomy, bytes: 140 });
  assert.deepEqual(
    sent.map((ids) => ids.join("")),
    ["ab", "c", "d"],
  );
  assert.deepEqual(outcomes, Array(4).fill("delivered"));
});

test("an event of which no request can be made is found, too", async () => {
  const requests: HttpDefinition<object>["requests"] = (events) => {
    if (events.some(({ messageId }) => messageId === "b")) throw new Error("no email");
    return [
      { method: "POST", url: "http://h/", headers: {}, body: JSON.stringify(events.map((event) => [event.messageId])) },
    ];
  };
  const { sent, outcomes } = await deliver(listed("abc"), () => 200, roomy, { requests });
  assert.deepEqual(outcomes, ["delivered", "request", "delivered"]);
  assert.deepEqual(sent, [["a"], ["c"]]);
});

test("a request holds events of one key; where order counts, of neighbours only", async () => {
  const events = ["a1", "b1", "a2", "a3", "?1"].map((id) => ({ messageId: id, userId: id, list: id[0]! }));
  const key = (event: DeliveredEvent) => {
    if (event.list === "?") throw new Error("on no list");
    return String(event.list);
  };
  const whole = await deliver(events, () => 200, roomy, { key });
  assert.deepEqual(whole.sent, [["a1"], ["b1"], ["a2", "a3"], ["?1"]]);
  const apart = await deliver(events, () => 200, { ...roomy, whole: false }, { key });
  assert.deepEqual(apart.sent, [["a1", "a2", "a3"], ["b1"], ["?1"]]);
  assert.deepEqual(apart.outcomes, Array(5).fill("delivered"));
});

test("nothing of a user goes out behind an event of theirs that has to be tried again, where a batch is whole", async () => {
  const events = ["a1", "b1", "a2", "c1", "a3"].map((id) => ({ messageId: id, userId: id[0]!, list: id[1]! }));
  const key = (event: DeliveredEvent) => String(event.list);
  const failing: Answering = (ids) => (ids.includes("a1") ? 500 : 200);
  const whole = await deliver(events, failing, roomy, { key });
  assert.deepEqual(whole.sent, [["a1", "b1"], ["c1"]]);
  assert.deepEqual(whole.outcomes, ["http_500", "http_500", "http_500", "delivered", "http_500"]);
  const unordered = await deliver(events, failing, roomy, { key }, { order: false });
  assert.deepEqual(unordered.sent, [["a1", "b1", "c1"], ["a2"], ["a3"]]);
  const nobody = events.map((event) => ({ ...event, userId: "" }));
  assert.deepEqual((await deliver(nobody, failing, roomy, { key })).sent.length, 4);
  const apart = await deliver(events.slice(0, 2), failing, { ...roomy, events: 1, whole: false }, { key });
  assert.deepEqual(
    [apart.sent, apart.outcomes],
    [
      [["a1"], ["b1"]],
      ["http_500", "delivered"],
    ],
  );
});

test("an event on which the server fails is alone after some attempts, and those who wait for it do not age", async () => {
  const events = ["a1", "b1", "c1", "c2", "d1", "c3", "e1"].map((id) => ({ messageId: id, userId: id[0]! }));
  const { sent, deliver: deliverTo } = await open((ids) => (ids.includes("c1") ? 500 : 200));
  let pending = events;
  const attempts: string[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const outcomes = await deliverTo(pending);
    attempts.push(
      sent
        .splice(0)
        .map((ids) => ids.join(" "))
        .join(", "),
    );
    if (attempt === 3)
      assert.deepEqual(
        outcomes.map((each) => each.outcome === "retry" && each.ages),
        [undefined, false, false],
      );
    pending = pending.filter((_, at) => outcomes[at]?.outcome === "retry");
  }
  assert.deepEqual(attempts, ["a1 b1 c1 c2 d1 c3 e1", "a1 b1 c1 c2, d1 e1", "a1 b1, c1 c2", "c1"]);
  assert.deepEqual(
    pending.map(({ messageId }) => messageId),
    ["c1", "c2", "c3"],
  );
});

test("whichever events the server fails on for good: all others get through, but for those behind them", async () => {
  const users = fc.array(fc.tuple(fc.constantFrom("u", "v", "w", "x"), fc.integer({ min: 0, max: 9 })), {
    maxLength: 16,
  });
  await fc.assert(
    fc.asyncProperty(users, async (list) => {
      const events = list.map(([userId], at) => ({ messageId: `m${at}`, userId }));
      const isBad = (id: string) => list[Number(id.slice(1))]![1] === 0;
      const { sent, deliver: deliverTo } = await open((ids) => (ids.some(isBad) ? 500 : 200));
      let pending = events;
      for (let attempt = 0; attempt < 60; attempt++) {
        const before = sent.length;
        const outcomes = await deliverTo(pending);
        assert.ok(sent.length - before <= pending.length, "no more requests than events");
        pending = pending.filter((_, at) => outcomes[at]?.outcome === "retry");
      }
      const stuck = new Set<string>();
      const expected = events.filter(({ messageId, userId }) => {
        if (isBad(messageId)) stuck.add(userId);
        return stuck.has(userId);
      });
      assert.deepEqual(pending, expected);
    }),
  );
});

test("an event that several requests carry is not begun again for those that were sent", async () => {
  const requests: HttpDefinition<object>["requests"] = (events) =>
    [[0, 1], [1, 2], [2]].map((carried) => ({
      method: "POST",
      url: "http://h/",
      headers: {},
      body: JSON.stringify(carried.map((at) => [events[at]?.messageId])),
      events: carried,
    }));
  const { sent, outcomes } = await deliver(listed("abc"), (ids) => (ids[0] === "a" ? 500 : 200), roomy, { requests });
  assert.deepEqual(sent, [["a", "b"]]);
  assert.deepEqual(outcomes, ["http_500", "http_500", "http_500"]);
});

test("outcomes are those of the events that a request names, in whatever order, and an event without a request is done", async () => {
  const requests: HttpDefinition<object>["requests"] = (events) => [
    {
      method: "POST",
      url: "http://h/",
      headers: {},
      body: JSON.stringify([[events[2]?.messageId]]),
      events: [2, 0, 1],
    },
  ];
  const classify = (_: Answer, of: readonly DeliveredEvent[]) => of.map(({ messageId }) => dead(`of_${messageId}`));
  assert.deepEqual((await deliver(listed("abc"), () => 200, roomy, { requests, classify })).outcomes, [
    "of_a",
    "of_b",
    "of_c",
  ]);
  assert.deepEqual((await deliver(listed("ab"), () => 500, roomy, { requests: () => [] })).outcomes, [
    "delivered",
    "delivered",
  ]);
  assert.deepEqual((await deliver(listed("a"), () => 500, roomy, { requests: () => [] })).outcomes, ["delivered"]);
});

test("a body is compressed on request", async () => {
  const sent: HttpRequest[] = [];
  const sender: Sender = {
    send: async (request) => {
      sent.push(request);
      return { status: 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const type = defineDestination<object>({
    type: "test",
    displayName: "Test",
    description: "a test",
    settings: {},
    requests: () => [{ method: "POST", url: "http://h/", headers: { a: "b" }, body: "text", gzip: true }],
  });
  const connection = await type.open({}, { directory: "/", now: () => 0, userAgent: "Pintle/test", sender });
  await connection.deliver(listed("a") as unknown as DeliveredEvent[]);
  assert.deepEqual(sent[0]?.headers, { a: "b", "user-agent": "Pintle/test", "content-encoding": "gzip" });
  assert.equal(gunzipSync(sent[0]?.body as Uint8Array).toString(), "text");
});

test("whatever the server refuses: none is lost, none is blamed for another, none overtakes", async () => {
  const faults = fc.constantFrom<[string, number]>(
    ["good", 200],
    ["bad", 400],
    ["large", 413],
    ["odd", 422],
    ["weak", 500],
    ["down", 503],
  );
  const arbitrary = fc.array(fc.tuple(fc.constantFrom("u", "v", "w"), faults, fc.integer({ min: 0, max: 60 })), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.integer({ min: 20, max: 400 }), async (list, bytes) => {
      const events = list.map(([userId, , length], at) => ({ messageId: `m${at}`, userId, text: "x".repeat(length) }));
      const statusOf = (id: string) => list[Number(id.slice(1))]![1][1];
      const got: string[] = [];
      const { sent, outcomes } = await deliver(
        events,
        (ids, { body }) => {
          assert.ok(ids.length === 1 || String(body).length <= bytes, "a request of several events keeps to the limit");
          // A server judges a batch by what it meets first of the worst kind.
          const status = Math.max(200, ...ids.map(statusOf));
          if (status === 200) got.push(...ids);
          return status;
        },
        { events: 100, bytes, whole: true },
      );
      outcomes.forEach((outcome, at) => {
        const id = `m${at}`;
        if (outcome === "delivered") assert.ok(got.includes(id), `${id} got through`);
        else assert.ok(!got.includes(id), `${id} did not get through`);
        // Dead is only what is at fault by itself.
        if (/^http_4/.test(outcome)) assert.equal(outcome, `http_${statusOf(id)}`);
      });
      assert.deepEqual(got, [...new Set(got)], "nothing is sent twice that got through");
      for (const user of ["u", "v", "w"]) {
        const ofUser = (ids: string[]) => ids.map((id) => Number(id.slice(1))).filter((n) => list[n]![0] === user);
        assert.deepEqual(
          ofUser(got),
          ofUser(got).toSorted((a, b) => a - b),
          "in order",
        );
        const own = ofUser(outcomes.map((_, at) => `m${at}`)).map((n) => outcomes[n]!);
        const firstKept = own.findIndex((outcome) => /^http_5/.test(outcome));
        if (firstKept >= 0)
          assert.ok(
            own.slice(firstKept).every((outcome) => outcome !== "delivered"),
            "none overtakes",
          );
      }
      assert.ok(sent.length <= 2 * events.length + 1, "the halving has an end");
    }),
    { numRuns: 200 },
  );
});
