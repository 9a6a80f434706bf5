import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { defineDestination } from "./define-destination.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Outcome } from "./outcome.ts";
import { refuse } from "./refusal.ts";

const word = (outcome: Outcome): string =>
  "reason" in outcome ? `${outcome.outcome} ${outcome.reason}` : outcome.outcome;

/** Delivers events to a service that answers 422 to what is called `bad`. */
async function deliver(events: readonly { event: string }[]): Promise<{ outcomes: string[]; sent: string[] }> {
  const type = defineDestination<object>({
    type: "test",
    displayName: "Test",
    description: "a test",
    settings: {},
    batch: { events: 3, bytes: 1000, whole: false },
    accepts({ event }) {
      if (event === "odd") throw new Error("odd");
      if (event === "old") throw refuse("too_old");
      return event === "other" ? "unsupported" : event === "My Event" ? String(event) : true;
    },
    requests: (batch) => [
      { method: "POST", url: "http://h/", headers: {}, body: batch.map(({ event }) => event).join() },
    ],
  });
  const sent: string[] = [];
  const sender = {
    async send({ body = "" }: HttpRequest) {
      sent.push(String(body));
      return { status: String(body).includes("bad") ? 422 : 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const connection = await type.open({}, { directory: "/", now: () => 0, userAgent: "", sender });
  const outcomes = await connection.deliver(events as unknown as DeliveredEvent[]);
  return { outcomes: outcomes.map(word), sent };
}

const expected: Readonly<Record<string, string>> = {
  good: "delivered",
  bad: "dead http_422",
  other: "filtered unsupported",
  odd: "dead request",
  old: "dead too_old",
  // A reason names a counter: no text of an event does.
  "My Event": "dead request",
};

test("what a type has no use for is filtered, and nothing is sent for it", async () => {
  assert.deepEqual(await deliver([{ event: "other" }]), { outcomes: ["filtered unsupported"], sent: [] });
  const mixed = await deliver([{ event: "other" }, { event: "good" }, { event: "old" }, { event: "good" }]);
  assert.deepEqual(mixed, {
    outcomes: ["filtered unsupported", "delivered", "dead too_old", "delivered"],
    sent: ["good,good"],
  });
});

test("each event has the outcome that it would have alone", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(expected)), { minLength: 1, maxLength: 12 }),
      async (names) => {
        const { outcomes, sent } = await deliver(names.map((event) => ({ event })));
        assert.deepEqual(
          outcomes,
          names.map((name) => expected[name]),
        );
        assert.ok(sent.every((body) => body.split(",").every((name) => name === "good" || name === "bad")));
      },
    ),
  );
});
