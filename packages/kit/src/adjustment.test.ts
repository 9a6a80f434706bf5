import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition } from "./http-definition.ts";
import type { EventRequest, HttpRequest } from "./http-request.ts";
import { dead, type Outcome } from "./outcome.ts";

const events = ["a", "b", "c"].map((messageId) => ({ messageId }) as DeliveredEvent);

const request = (path: string, more: Partial<EventRequest> = {}): EventRequest => ({
  method: "POST",
  url: `http://h${path}`,
  headers: {},
  ...more,
});

/** Delivers `a`, `b` and `c`; what goes to `/bad` is answered with 422. */
async function deliver(definition: HttpDefinition<object>): Promise<readonly Outcome[]> {
  const type = defineDestination<object>({
    type: "test",
    displayName: "Test",
    description: "a test",
    settings: {},
    batch: { events: 3, bytes: 1000, whole: false },
    ...definition,
  });
  const sender = {
    send: async ({ url }: HttpRequest) => ({ status: url.endsWith("/bad") ? 422 : 200, headers: {}, body: "" }),
    close: async () => {},
  };
  const connection = await type.open({}, { directory: "/", now: () => 0, userAgent: "", sender });
  return connection.deliver(events);
}

const adjustedOf = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.outcome === "delivered" ? outcome.adjusted : outcome.outcome));

test("what was changed of an event is told with its delivery, of all requests that carry it", async () => {
  const requests = () => [
    request("/all", {
      adjusted: [
        [1, "clipped", "email"],
        [1, "left_out", "phone"],
        [2, "clipped"],
      ],
    }),
    request("/some", { events: [2, 1], adjusted: [[1, "again"]] }),
  ];
  assert.deepEqual(adjustedOf(await deliver({ requests })), [
    undefined,
    [{ reason: "clipped", detail: "email" }, { reason: "left_out", detail: "phone" }, { reason: "again" }],
    [{ reason: "clipped" }],
  ]);
});

test("of what was not delivered nothing has been changed", async () => {
  const requests = (batch: readonly DeliveredEvent[]) =>
    batch.map(({ messageId }, position) =>
      request(messageId === "b" ? "/bad" : "/good", { events: [position], adjusted: [[position, "clipped"]] }),
    );
  assert.deepEqual(adjustedOf(await deliver({ requests })), [[{ reason: "clipped" }], "dead", [{ reason: "clipped" }]]);
});

test("and so with outcomes of the type's own", async () => {
  const requests = () => [
    request("/all", {
      adjusted: [
        [0, "clipped"],
        [2, "clipped"],
      ],
    }),
  ];
  const classify = () => [dead("own"), { outcome: "delivered" as const }, { outcome: "delivered" as const }];
  assert.deepEqual(adjustedOf(await deliver({ requests, classify })), ["dead", undefined, [{ reason: "clipped" }]]);
});
