import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { defineDestination } from "./define-destination.ts";
import type { EventRequest, HttpRequest } from "./http-request.ts";
import { type Answer, again, dead, delivered, type Outcome, oneOf, retry, type Verdict } from "./outcome.ts";

type Classify = (ids: readonly string[], answer: Answer) => readonly Verdict[] | Verdict | undefined;

/**
 * Delivers an event for each letter, of a user each; a service refuses all with one that is bad.
 */
async function deliver(
  ids: readonly string[],
  bad: (id: string) => boolean,
  classify: Classify,
  {
    requests,
    user = (id) => id,
  }: { requests?: (of: readonly DeliveredEvent[]) => EventRequest[]; user?: (id: string) => string } = {},
) {
  const sent: string[] = [];
  const taken: string[] = [];
  const request = (of: readonly DeliveredEvent[]): EventRequest => ({
    method: "POST",
    url: "http://h/",
    headers: {},
    body: JSON.stringify(of.map(({ messageId }) => messageId)),
  });
  const type = defineDestination<object>({
    type: "test",
    displayName: "Test",
    description: "a test",
    settings: {},
    batch: { events: 100, bytes: 10_000, whole: true },
    requests: requests ?? ((of) => [request(of)]),
    classify: (answer, of) =>
      classify(
        of.map(({ messageId }) => messageId),
        answer,
      ),
  });
  const sender = {
    async send({ body }: HttpRequest): Promise<Answer> {
      const carried = JSON.parse(String(body)) as string[];
      sent.push(carried.join(""));
      if (carried.some(bad)) return { status: 400, headers: {}, body: "" };
      taken.push(...carried);
      return { status: 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const connection = await type.open({} as never, { directory: "/", now: () => 0, userAgent: "t", sender });
  const events = ids.map((messageId) => ({ messageId, userId: user(messageId) }) as unknown as DeliveredEvent);
  const outcomes = await connection.deliver(events);
  return { sent, taken, outcomes, connection, words: outcomes.map(wordOf) };
}

function wordOf(outcome: Outcome): string {
  return outcome.outcome === "delivered" ? "delivered" : `${outcome.outcome} ${outcome.reason}`;
}

const named =
  (bad: string): Classify =>
  (ids, { status }) =>
    status === 200 ? undefined : ids.map((id) => (bad.includes(id) ? dead("bad") : again));

test("those that are refused because of others go out once more, at once and without them", async () => {
  const { sent, words } = await deliver([..."abcd"], (id) => "bd".includes(id), named("bd"));
  assert.deepEqual(sent, ["abcd", "ac"]);
  assert.deepEqual(words, ["delivered", "dead bad", "delivered", "dead bad"]);
});

test("one of several that is not named is found by halves, and the dead letter has its request", async () => {
  const { sent, words, outcomes } = await deliver(
    [..."abcd"],
    (id) => id === "c",
    (_, { status }) => (status === 200 ? undefined : oneOf(dead("bad"))),
  );
  assert.deepEqual(sent, ["abcd", "ab", "cd", "c", "d"]);
  assert.deepEqual(words, ["delivered", "delivered", "dead bad", "delivered"]);
  assert.equal(outcomes[2]?.outcome === "dead" && outcomes[2].request?.body, '["c"]');
});

test("a single one that is suspected is the one, and is not sent again", async () => {
  const { sent, words } = await deliver(
    [..."abc"],
    (id) => id === "b",
    (ids, { status }) => (status === 200 ? undefined : ids.map((id) => (id === "b" ? oneOf(dead("bad")) : again))),
  );
  assert.deepEqual(
    [sent, words],
    [
      ["abc", "ac"],
      ["delivered", "dead bad", "delivered"],
    ],
  );
});

test("where all are to go again and nothing is at fault, they wait for the next attempt", async () => {
  const { sent, words } = await deliver(
    [..."ab"],
    () => true,
    () => again,
  );
  assert.deepEqual([sent, words], [["ab"], Array(2).fill("retry refused_with_others")]);
  const alone = await deliver(
    ["a"],
    () => true,
    () => again,
  );
  assert.deepEqual([alone.sent, alone.words], [["a"], ["retry refused_with_others"]]);
  assert.deepEqual(
    (
      await deliver(
        ["a"],
        () => true,
        () => oneOf(dead("bad")),
      )
    ).words,
    ["dead bad"],
  );
});

test("what a later attempt has to take goes behind an earlier event of its user that waits", async () => {
  const classify: Classify = (ids, { status }) =>
    status === 200
      ? undefined
      : ids.map((id) => (id === "a" ? retry("event", "busy") : id === "c" ? dead("bad") : again));
  const { sent, words } = await deliver([..."abcd"], (id) => id === "c", classify, {
    user: (id) => ("ab".includes(id) ? "u" : id),
  });
  assert.deepEqual(sent, ["abcd", "d"]);
  assert.deepEqual(words, ["retry busy", "retry busy", "dead bad", "delivered"]);
});

test("trouble of the destination is that of those which would go again, too", async () => {
  const classify: Classify = (ids) => ids.map((id) => (id === "a" ? retry("destination", "sick") : again));
  const { sent, words } = await deliver([..."ab"], () => true, classify);
  assert.deepEqual([sent, words], [["ab"], Array(2).fill("retry sick")]);
});

test("events that another request carries, too, wait for the next attempt, which takes fewer", async () => {
  const requests = (of: readonly DeliveredEvent[]): EventRequest[] =>
    [of.map((_, at) => at), [0]].map((events) => ({
      method: "POST",
      url: "http://h/",
      headers: {},
      body: JSON.stringify(events.map((at) => of[at]!.messageId)),
      events,
    }));
  const { sent, words, connection } = await deliver(
    [..."abcd"],
    (id) => id === "c",
    (_, { status }) => (status === 200 ? undefined : oneOf(dead("bad"))),
    { requests },
  );
  assert.deepEqual([sent, words], [["abcd"], Array(4).fill("retry refused_with_others")]);
  sent.length = 0;
  await connection.deliver(
    [..."abcd"].map((messageId) => ({ messageId, userId: messageId }) as unknown as DeliveredEvent),
  );
  assert.deepEqual(sent.slice(0, 2), ["ab", "a"]);
});

test("whichever are bad, and however the service says it, the good arrive once in their order and the bad are dead", async () => {
  const ids = fc.array(fc.constantFrom(..."abcdefghijklmnop"), { maxLength: 16 }).map((list) => [...new Set(list)]);
  const way = fc.constantFrom("named", "one of all", "one of some", "mixed");
  await fc.assert(
    fc.asyncProperty(
      ids,
      fc.string({ unit: fc.constantFrom(..."abcdefghijklmnop") }),
      way,
      fc.nat(3),
      async (all, bad, how, users) => {
        if (all.length === 0) return;
        const isBad = (id: string): boolean => bad.includes(id);
        const classify: Classify = (given, { status }) => {
          if (status === 200) return given.map(() => delivered);
          if (how === "one of all") return oneOf(dead("bad"));
          if (how === "named") return given.map((id) => (isBad(id) ? dead("bad") : again));
          // The service names a half of the alphabet, or says that it is one of what is left.
          const half = given.filter((id) => id < "i" && isBad(id));
          if (how === "mixed" && half.length > 0) return given.map((id) => (half.includes(id) ? dead("bad") : again));
          const suspects = given.filter((id) => isBad(id) || id < "e");
          return given.map((id) => (suspects.includes(id) ? oneOf(dead("bad")) : again));
        };
        const user = (id: string): string => String(id.charCodeAt(0) % (users + 1));
        const { sent, taken, words } = await deliver(all, isBad, classify, { user });
        assert.deepEqual(
          words,
          all.map((id) => (isBad(id) ? "dead bad" : "delivered")),
        );
        for (let number = 0; number <= users; number++) {
          const its = (list: readonly string[]) => list.filter((id) => user(id) === String(number) && !isBad(id));
          assert.deepEqual(its(taken), its(all));
        }
        assert.ok(sent.length <= 3 * all.length, `${sent.length} requests for ${all.length} events`);
      },
    ),
    { numRuns: 500 },
  );
});
