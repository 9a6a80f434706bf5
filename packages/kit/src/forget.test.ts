import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import { dead, delivered, type Outcome } from "./outcome.ts";
import type { Person } from "./person.ts";

const person = (userId: string): Person => ({ userId, anonymousIds: [] });
const requests = () => [{ method: "POST", url: "http://h/events", headers: {} }] as const;

async function forgotten(
  forget: NonNullable<HttpDefinition<object>["forget"]>,
  people: readonly Person[],
  answer: (ids: readonly string[]) => number,
) {
  const sent: string[] = [];
  const type = defineDestination<object>({
    type: "test",
    displayName: "T",
    description: "a test",
    settings: {},
    requests,
    forget,
  });
  const connection = await type.open({} as never, {
    directory: "/",
    now: () => 0,
    userAgent: "t",
    sender: {
      async send({ body }) {
        const ids = JSON.parse(String(body)) as string[];
        sent.push(ids.join(""));
        return { status: answer(ids), headers: {}, body: "" };
      },
      close: async () => {},
    },
  });
  return { sent, type, outcomes: (await connection.forget!(people)).map(wordOf) };
}

function wordOf(outcome: Outcome): string {
  return outcome.outcome === "delivered" ? "delivered" : `${outcome.outcome} ${outcome.reason}`;
}

const inLists = (batch?: number): NonNullable<HttpDefinition<object>["forget"]> => ({
  ...(batch === undefined ? {} : { batch }),
  requests: (people) => [
    { method: "POST", url: "http://h/forget", headers: {}, body: JSON.stringify(people.map(({ userId }) => userId)) },
  ],
});

test("people are forgotten one at a time, or as many as the service takes", async () => {
  const people = [..."abc"].map(person);
  const single = await forgotten(inLists(), people, () => 204);
  assert.deepEqual([single.sent, single.outcomes], [["a", "b", "c"], Array(3).fill("delivered")]);
  assert.equal(single.type.forgets, "by requests");
  assert.deepEqual((await forgotten(inLists(2), people, () => 204)).sent, ["ab", "c"]);
});

test("somebody whom the service does not know is forgotten; what is refused is found by halves", async () => {
  const { outcomes } = await forgotten(inLists(), [person("a")], () => 404);
  assert.deepEqual(outcomes, ["delivered"]);
  const bad = await forgotten(inLists(4), [..."abcd"].map(person), (ids) => (ids.includes("c") ? 400 : 200));
  assert.deepEqual(bad.outcomes, ["delivered", "delivered", "dead http_400", "delivered"]);
  const sick = await forgotten(inLists(2), [..."abcd"].map(person), () => 503);
  assert.deepEqual([sick.sent, sick.outcomes], [["ab"], Array(4).fill("retry http_503")]);
});

test("the type's own word counts", async () => {
  const own = {
    ...inLists(3),
    classify: (_: unknown, people: readonly Person[]) =>
      people.map(({ userId }) => (userId === "b" ? dead("unknown") : delivered)),
  };
  assert.deepEqual((await forgotten(own, [..."abc"].map(person), () => 200)).outcomes, [
    "delivered",
    "dead unknown",
    "delivered",
  ]);
});

test("what has to be done by hand is a text", () => {
  const forget = {
    manual: (people: readonly Person[]) => `delete ${people.map(({ userId }) => userId).join(", ")} in the console`,
  };
  const type = defineDestination<object>({
    type: "test",
    displayName: "T",
    description: "a test",
    settings: {},
    requests,
    forget,
  });
  assert.equal(type.forgets, "by hand");
  assert.equal(type.forgetByHand?.([person("a"), person("b")], {}), "delete a, b in the console");
});

test("whoever is refused, each person gets an outcome, and all others are forgotten once", async () => {
  const ids = fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(ids, fc.subarray([..."abcdefghij"]), fc.integer({ min: 1, max: 12 }), async (all, bad, batch) => {
      const done: string[] = [];
      const { outcomes } = await forgotten(inLists(batch), all.map(person), (given) => {
        if (given.some((id) => bad.includes(id))) return 422;
        done.push(...given);
        return 200;
      });
      assert.deepEqual(
        outcomes,
        all.map((id) => (bad.includes(id) ? "dead http_422" : "delivered")),
      );
      assert.deepEqual(
        done,
        all.filter((id) => !bad.includes(id)),
      );
    }),
  );
});
