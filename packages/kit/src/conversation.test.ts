import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import type { BatchLimits } from "./contract.ts";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { HttpRequest } from "./http-request.ts";
import { type Answer, dead, delivered, type Outcome, retry, type Verdict } from "./outcome.ts";
import { refuse } from "./refusal.ts";

type Converse = NonNullable<HttpDefinition<object>["converse"]>;

async function deliver(
  converse: Converse,
  events: readonly object[],
  answer: (request: HttpRequest, index: number) => Answer | number | Error,
  batch: BatchLimits = { events: 10, bytes: 10_000, whole: false },
) {
  const sent: string[] = [];
  const type = defineDestination<object>({
    type: "test",
    displayName: "T",
    description: "a test",
    settings: {},
    batch,
    converse,
  });
  const connection = await type.open({} as never, {
    directory: "/",
    now: () => 0,
    userAgent: "Pintle/test",
    sender: {
      async send(request) {
        sent.push(`${request.method} ${new URL(request.url).pathname}`);
        assert.equal(request.headers["user-agent"], "Pintle/test");
        const own = answer(request, sent.length - 1);
        if (own instanceof Error) throw own;
        return typeof own === "number" ? { status: own, headers: {}, body: "" } : own;
      },
      close: async () => {},
    },
  });
  const outcomes = await connection.deliver(events as readonly DeliveredEvent[]);
  return { sent, outcomes, words: outcomes.map(wordOf) };
}

function wordOf(outcome: Outcome): string {
  return outcome.outcome === "delivered" ? "delivered" : `${outcome.outcome} ${outcome.reason}`;
}

const get = (path: string) => ({ method: "GET", url: `http://h${path}`, headers: {} }) as const;
const post = (path: string) => ({ method: "POST", url: `http://h${path}`, headers: {}, body: "{}" }) as const;
const event = (messageId: string, more: object = {}) => ({ messageId, userId: messageId, ...more });

/**
 * Looks a person up, and creates who is not there; one that somebody else has created is updated.
 */
const upsert: Converse = function* ([first]) {
  const { userId } = first!;
  const found = yield get(`/people/${userId}`);
  if (found.status === 200) {
    yield post(`/people/${userId}`);
    return undefined;
  }
  const created = yield post("/people");
  if (created.status === 409) yield post(`/people/${userId}`);
  return undefined;
};
const one: BatchLimits = { events: 1, bytes: 0, whole: false };

test("what is asked next depends on what was answered", async () => {
  const there = await deliver(upsert, [event("a")], () => 200, one);
  assert.deepEqual([there.sent, there.words], [["GET /people/a", "POST /people/a"], ["delivered"]]);
  const absent = await deliver(upsert, [event("a")], ({ method }) => (method === "GET" ? 404 : 201), one);
  assert.deepEqual([absent.sent, absent.words], [["GET /people/a", "POST /people"], ["delivered"]]);
  const raced = await deliver(
    upsert,
    [event("a")],
    ({ method, url }) => (method === "GET" ? 404 : url.endsWith("/people") ? 409 : 200),
    one,
  );
  assert.deepEqual(raced.sent, ["GET /people/a", "POST /people", "POST /people/a"]);
});

test("nothing said is what the last answer means", async () => {
  const { words, outcomes } = await deliver(upsert, [event("a")], ({ method }) => (method === "GET" ? 404 : 422), one);
  assert.deepEqual(words, ["dead http_422"]);
  assert.equal(outcomes[0]?.outcome === "dead" && outcomes[0].request?.url, "http://h/people");
});

test("an answer that says nothing about what was asked ends it, and so does none", async () => {
  const answers: readonly [Answer | number | Error, string][] = [
    [401, "retry http_401"],
    [429, "retry http_429"],
    [500, "retry http_500"],
    [Object.assign(new Error("reset"), { code: "ECONNRESET" }), "retry network"],
  ];
  for (const [answer, word] of answers) {
    let finished = false;
    const { sent, words } = await deliver(
      function* (events, settings, attempt) {
        try {
          return yield* upsert(events, settings, attempt);
        } finally {
          finished = true;
        }
      },
      [event("a"), event("b")],
      () => answer,
    );
    assert.deepEqual([sent, words, finished], [["GET /people/a"], [word, word], true]);
  }
});

test("an outcome for each event, with what was changed of it", async () => {
  const { words, outcomes } = await deliver(
    function* (events) {
      yield { ...post("/a"), adjusted: [[0, "clipped", "email"]] };
      yield { ...post("/b"), adjusted: [[0, "left_out", "phone"]] };
      return events.map((_, at): Verdict => (at === 1 ? dead("bad") : at === 2 ? retry("event", "busy") : delivered));
    },
    [event("a"), event("b"), event("c")],
    () => 200,
  );
  assert.deepEqual(words, ["delivered", "dead bad", "retry busy"]);
  assert.deepEqual(outcomes[0], {
    outcome: "delivered",
    adjusted: [
      { reason: "clipped", detail: "email" },
      { reason: "left_out", detail: "phone" },
    ],
  });
});

test("what throws before an answer is the event's fault, found by halves; behind one it is not", async () => {
  const throwing: Converse = function* (events) {
    if (events.some(({ messageId }) => messageId === "b")) throw refuse("no_user", "userId");
    yield post("/all");
    return undefined;
  };
  const { sent, words } = await deliver(throwing, [event("a"), event("b"), event("c")], () => 200);
  assert.deepEqual([sent.length, words], [2, ["delivered", "dead no_user", "delivered"]]);
  const reading: Converse = function* () {
    const { body } = yield get("/list");
    JSON.parse(body);
    return undefined;
  };
  assert.deepEqual((await deliver(reading, [event("a")], () => 200, one)).words, ["retry converse"]);
  const refusing: Converse = function* () {
    yield get("/list");
    throw refuse("unknown_list");
  };
  assert.deepEqual((await deliver(refusing, [event("a")], () => 200, one)).words, ["dead unknown_list"]);
});

test("a conversation that says nothing to the service has delivered", async () => {
  // biome-ignore lint/correctness/useYield: it has nothing to ask
  const silent: Converse = function* () {
    return undefined;
  };
  assert.deepEqual((await deliver(silent, [event("a")], () => 500)).words, ["delivered"]);
});

test("whatever the answers are, each event gets an outcome, and one that is created is there once", async () => {
  const status = fc.constantFrom(200, 201, 401, 404, 409, 422, 429, 500, 503);
  await fc.assert(
    fc.asyncProperty(fc.array(status, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), async (statuses, count) => {
      const events = Array.from({ length: count }, (_, at) => event(`u${at}`));
      const { outcomes, sent } = await deliver(upsert, events, (_, index) => statuses[index] ?? 200, one);
      assert.equal(outcomes.length, count);
      for (const outcome of outcomes) assert.ok(["delivered", "retry", "dead"].includes(outcome.outcome));
      assert.ok(sent.length <= 3 * count);
    }),
  );
});
