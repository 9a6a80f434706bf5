import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Answer, Outcome } from "./outcome.ts";

const definition: HttpDefinition<object> = {
  token: {
    request: (_settings, { now }) => ({
      method: "POST",
      url: "http://h/token",
      headers: {},
      body: `now=${now}`,
    }),
    read: ({ body }) => JSON.parse(body) as { token: string; expiresIn: number },
  },
  requests: (events, _settings, { token }) => [
    {
      method: "POST",
      url: `http://h/events?access_token=${encodeURIComponent(token)}`,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(events.map(({ messageId }) => messageId)),
    },
  ],
};

/** A destination before a service that gives out `t+1`, `t+2` and so on, each for 600 s. */
async function opened(answer: (request: HttpRequest, tokens: number) => Answer | number | undefined, own = definition) {
  let now = 1_000_000;
  let tokens = 0;
  const sent: string[] = [];
  const watched: string[] = [];
  const type = defineDestination<object>({
    type: "test",
    displayName: "T",
    description: "a test",
    settings: {},
    ...own,
  });
  const connection = await type.open({} as never, {
    directory: "/",
    now: () => now,
    userAgent: "Pintle/test",
    sender: {
      async send(request) {
        const { pathname } = new URL(request.url);
        sent.push(pathname === "/token" ? "token" : `${request.headers.authorization} ${request.url.split("?")[1]}`);
        const own = answer(request, tokens);
        if (own !== undefined) return typeof own === "number" ? { status: own, headers: {}, body: "" } : own;
        const body = pathname === "/token" ? JSON.stringify({ token: `t+${++tokens}`, expiresIn: 600 }) : "";
        return { status: 200, headers: {}, body };
      },
      close: async () => {},
    },
    watch: (sender) => ({
      send: (request, limits) => {
        watched.push(new URL(request.url).pathname);
        return sender.send(request, limits);
      },
      close: () => sender.close(),
    }),
  });
  const deliver = (...ids: string[]): Promise<readonly Outcome[]> =>
    connection.deliver(ids.map((messageId) => ({ messageId, userId: messageId }) as unknown as DeliveredEvent));
  return {
    sent,
    watched,
    deliver,
    pass: (time: number) => {
      now += time;
    },
  };
}

const bearing = (number: number): string => `Bearer t+${number} access_token=t%2B${number}`;

test("a token is got once, shared, and renewed a minute before its end", async () => {
  const { sent, watched, deliver, pass } = await opened(() => undefined);
  await Promise.all([deliver("a"), deliver("b")]);
  assert.deepEqual(sent, ["token", bearing(1), bearing(1)]);
  pass(540_000 - 1);
  await deliver("c");
  pass(1);
  await deliver("d");
  assert.deepEqual(sent.slice(3), [bearing(1), "token", bearing(2)]);
  assert.ok(!watched.includes("/token"), "who watches does not see what is secret");
});

test("a token that is refused is renewed once, and the request goes out again with the new one", async () => {
  const { sent, deliver } = await opened(({ url, headers }) =>
    url.includes("/events") && headers.authorization === "Bearer t+1" ? 401 : undefined,
  );
  const outcomes = await Promise.all([deliver("a"), deliver("b")]);
  assert.deepEqual(
    outcomes.flat().map(({ outcome }) => outcome),
    ["delivered", "delivered"],
  );
  assert.deepEqual(sent.filter((each) => each === "token").length, 2);
  assert.deepEqual(sent.slice(-2), [bearing(2), bearing(2)]);
});

test("where a new token is refused as well, the destination waits and no event ages", async () => {
  const { sent, deliver } = await opened(({ url }) => (url.includes("/events") ? 401 : undefined));
  const [outcome] = await deliver("a");
  assert.ok(outcome?.outcome === "retry");
  assert.deepEqual([outcome.scope, outcome.ages, outcome.reason], ["destination", false, "http_401"]);
  assert.deepEqual(sent, ["token", bearing(1), "token", bearing(2)]);
  assert.ok(!JSON.stringify(outcome).includes("t+"), "the token is hidden");
});

const failures: readonly [name: string, answer: Answer | number, detail: RegExp][] = [
  ["is refused", 400, /answered with 400/],
  ["is answered with nonsense", { status: 200, headers: {}, body: "hello" }, /no token in the answer/],
  [
    "is answered with no token",
    { status: 200, headers: {}, body: '{"token":"","expiresIn":1}' },
    /no token in the answer/,
  ],
  [
    "is answered with a token that has ended",
    { status: 200, headers: {}, body: '{"token":"t","expiresIn":0}' },
    /no token/,
  ],
];
for (const [name, answer, detail] of failures) {
  test(`where the request for a token ${name}, nothing goes out, and no event ages`, async () => {
    let failing = true;
    const { sent, deliver } = await opened(({ url }) => (failing && url.endsWith("/token") ? answer : undefined));
    const outcomes = await deliver("a", "b");
    for (const outcome of outcomes) {
      assert.ok(outcome.outcome === "retry");
      assert.deepEqual([outcome.scope, outcome.ages, outcome.reason], ["destination", false, "token"]);
      assert.match(outcome.detail ?? "", detail);
    }
    assert.deepEqual(sent, ["token"]);
    failing = false;
    assert.equal((await deliver("a"))[0]?.outcome, "delivered");
  });
}

test("settings may need no token", async () => {
  const { sent, deliver } = await opened(() => undefined, {
    ...definition,
    token: { ...definition.token!, request: () => undefined },
  });
  await deliver("a");
  assert.deepEqual(sent, ["Bearer  access_token="]);
});

test("what is not for the service is filtered without a token", async () => {
  const { sent, deliver } = await opened(({ url }) => (url.endsWith("/token") ? 400 : undefined), {
    ...definition,
    accepts: ({ messageId }) => (messageId === "a" ? true : "unsupported"),
  });
  assert.deepEqual(
    (await deliver("b")).map(({ outcome }) => outcome),
    ["filtered"],
  );
  assert.deepEqual(sent, []);
  assert.deepEqual(
    (await deliver("a", "b")).map(({ outcome }) => outcome),
    ["retry", "filtered"],
  );
});
