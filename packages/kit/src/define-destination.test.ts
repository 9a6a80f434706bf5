import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { z } from "zod";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { EventRequest, HttpRequest } from "./http-request.ts";
import { type Answer, dead, delivered, retry } from "./outcome.ts";
import { refuse } from "./refusal.ts";
import type { Sender } from "./sender.ts";

interface Settings {
  url: string;
}

const settings = { url: z.string().describe("where to") };
const batch = { events: 3, bytes: 1000, whole: false };
const common = { type: "test", displayName: "Test", names: ["AM"], description: "a test", settings, batch };

const events = ["a", "b", "c"].map((id) => ({ messageId: id }) as unknown as DeliveredEvent);

/** Delivers `a`, `b` and `c` with a network that answers each path as it is told. */
async function deliver(
  definition: HttpDefinition<Settings>,
  answers: Record<string, number | Error | Answer> = {},
  given = events,
) {
  const sent: HttpRequest[] = [];
  const sender: Sender = {
    async send(request) {
      sent.push(request);
      const answer = answers[new URL(request.url).pathname] ?? 200;
      if (answer instanceof Error) throw answer;
      return typeof answer === "number" ? { status: answer, headers: {}, body: "" } : answer;
    },
    close: async () => {},
  };
  const type = defineDestination<Settings>({ ...common, ...definition });
  const tools = { directory: "/", now: () => 0, userAgent: "Pintle/test", destinationName: "crm", sender };
  const connection = await type.open(type.settings.parse({ url: "http://h" }), tools);
  const outcomes = await connection.deliver(given);
  return {
    paths: sent.map(({ url }) => new URL(url).pathname),
    agents: sent.map(({ headers }) => headers["user-agent"]),
    outcomes: outcomes.map((each) => (each.outcome === "delivered" ? "delivered" : `${each.outcome} ${each.reason}`)),
  };
}

const request = (path: string, carried?: number[]): EventRequest => ({
  method: "POST",
  url: `http://h${path}`,
  headers: {},
  ...(carried === undefined ? {} : { events: carried }),
});

test("a request that does not say otherwise carries the whole batch", async () => {
  const result = await deliver({ requests: () => [request("/all")] }, { "/all": 404 });
  assert.deepEqual(result.outcomes, ["dead http_404", "dead http_404", "dead http_404"]);
  assert.deepEqual(result.agents, ["Pintle/test"]);
});

test("each event has the outcome of the requests that carry it, and half of one is not delivered", async () => {
  const requests = () => [request("/ab", [0, 1]), request("/c", [2]), request("/bc", [1, 2]), request("/a", [0])];
  const failed = await deliver({ requests }, { "/ab": 500 });
  assert.deepEqual(failed.outcomes, ["retry http_500", "retry http_500", "retry http_500"]);
  assert.deepEqual(failed.paths, ["/ab", "/c"]);
  const apart = await deliver({ requests: () => [request("/a", [0]), request("/b", [1])] }, { "/a": 422 });
  assert.deepEqual(apart.outcomes.slice(0, 2), ["dead http_422", "delivered"]);
});

test("a destination in trouble is not asked for the rest of the batch", async () => {
  const requests = () => [request("/a", [0]), request("/b", [1]), request("/c", [2])];
  const result = await deliver({ requests }, { "/b": 503 });
  assert.deepEqual(result.paths, ["/a", "/b"]);
  assert.deepEqual(result.outcomes, ["delivered", "retry http_503", "retry http_503"]);
});

test("a type may know better what an answer means", async () => {
  const body = JSON.stringify({ failed: ["b"] });
  const requests = () => [request("/all")];
  const classify = (answer: Answer, of: readonly DeliveredEvent[]) => {
    if (answer.status !== 207) return undefined;
    const { failed } = JSON.parse(answer.body) as { failed: string[] };
    return of.map(({ messageId }) => (failed.includes(messageId) ? dead("refused") : delivered));
  };
  const partly = await deliver({ requests, classify }, { "/all": { status: 207, headers: {}, body } });
  assert.deepEqual(partly.outcomes, ["delivered", "dead refused", "delivered"]);
  const usual = await deliver({ requests, classify }, { "/all": 400 });
  assert.deepEqual(usual.outcomes, Array(3).fill("dead http_400"));
  const few = await deliver({ requests, classify: () => [retry("event", "own")] });
  const own = { ...delivered };
  const twice = { requests: () => [request("/x"), request("/y")], classify: () => own };
  assert.deepEqual((await deliver(twice)).paths, ["/x", "/y"]);
  assert.deepEqual(few.outcomes, ["retry own", "retry no_outcome", "retry no_outcome"]);
});

test("a single event takes the short way to the same outcomes", async () => {
  const one = events.slice(0, 1);
  const requests = () => [request("/a")];
  assert.deepEqual((await deliver({ requests }, {}, one)).outcomes, ["delivered"]);
  assert.deepEqual((await deliver({ requests }, { "/a": 404 }, one)).outcomes, ["dead http_404"]);
  assert.deepEqual((await deliver({ requests }, { "/a": new Error("broken") }, one)).outcomes, ["retry network"]);
  assert.deepEqual((await deliver({ requests, classify: () => [] }, {}, one)).outcomes, ["retry no_outcome"]);
});

test("events of which no request can be made are dead", async () => {
  const requests = () => {
    throw new Error("no email");
  };
  assert.deepEqual((await deliver({ requests })).outcomes, Array(3).fill("dead request"));
});

test("an event of which its author says why it cannot go out is dead for that reason, and takes no others with it", async () => {
  const requests = (given: readonly DeliveredEvent[]) => {
    if (given.some(({ messageId }) => messageId === "b")) throw refuse("too_old", "timestamp: 10 days");
    return [request("/all")];
  };
  const { outcomes } = await deliver({ requests });
  assert.deepEqual(outcomes, ["delivered", "dead too_old", "delivered"]);
  assert.deepEqual((await deliver({ requests }, {}, events.slice(1, 2))).outcomes, ["dead too_old"]);
  for (const reason of ["", "Too old", "ä", "x".repeat(65)]) assert.throws(() => refuse(reason), TypeError);
});

test("whoever judges an answer knows the settings, and which item is of which event", async () => {
  const seen: unknown[] = [];
  const definition: HttpDefinition<Settings> = {
    requests: () => [{ ...request("/some", [2, 0]), items: [0, 2, 2] }, request("/other", [1])],
    classify(_answer, of, { settings: { url }, items, now, base, name }) {
      seen.push([of.map(({ messageId }) => messageId), items, url, now, base, name]);
      return undefined;
    },
  };
  await deliver(definition);
  assert.deepEqual(seen, [
    [["c", "a"], [1, 0, 0], "http://h", 0, "", "crm"],
    [["b"], [0], "http://h", 0, "", "crm"],
  ]);
});

test("an event may say something to the destination alone, under its name or one of its type's", async () => {
  const said: unknown[] = [];
  const requests: HttpDefinition<Settings>["requests"] = (of, _settings, { options }) => {
    said.push(...of.map(options));
    return [request("/all")];
  };
  const saying = [{ crm: { a: 1 } }, { Test: { a: 2 } }, { AM: { a: 3 } }, { all: { a: 4 } }];
  await deliver({ requests }, {}, saying.map((integrations) => ({ messageId: "x", integrations })) as never);
  assert.deepEqual(said.slice(0, 3), [{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test("a setting without a description is refused", () => {
  const definition = { ...common, settings: { url: z.string() }, requests: () => [] };
  assert.throws(() => defineDestination<Settings>(definition), /setting "url" of the destination type "test"/);
});

test("settings that are one schema, or hold something else, are refused in words of their own", () => {
  const define = (settings: unknown): unknown =>
    defineDestination<Settings>({ ...common, settings: settings as never, requests: () => [] });
  assert.throws(
    () => define(z.object({ url: z.string() })),
    /are an object of schemas, \{ url: .* \}, not one schema$/,
  );
  for (const odd of [5, "url", null, () => z.string()]) {
    assert.throws(
      () => define({ url: odd }),
      /^TypeError: The setting "url" of the destination type "test" is no schema/,
    );
  }
});

test("a type is named by small letters, digits and hyphens", () => {
  for (const type of ["", "My CRM", "crm_2", "CRM"]) {
    const definition = { ...common, type, requests: () => [] };
    assert.throws(() => defineDestination<Settings>(definition), /The name of a destination type is a-z, 0-9 and -/);
  }
});

test("every type has the settings of the router, and no others than it names", () => {
  const type = defineDestination<Settings>({ ...common, requests: () => [] });
  const day = 24 * 60 * 60 * 1000;
  const { url, maxAge, from } = type.settings.parse({ url: "x" });
  assert.deepEqual({ url, maxAge, from }, { url: "x", maxAge: 3 * day, from: undefined });
  const given = type.settings.parse({ url: "x", maxAge: "2h", from: "start" });
  assert.deepEqual([given.maxAge, given.from], [7_200_000, "start"]);
  assert.deepEqual(type.settings.parse(given), given);
  assert.equal(type.settings.safeParse({ url: "x", ulr: "y" }).success, false);
});
