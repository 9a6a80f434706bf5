import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { defineDestination } from "./define-destination.ts";
import type { HttpDefinition, TryOut } from "./http-definition.ts";
import { refuse } from "./refusal.ts";

const credentials: TryOut<object>["credentials"] = () => ({ method: "GET", url: "http://h/me", headers: {} });
const marked: TryOut<object>["event"] = ({ messageId }) => ({
  method: "POST",
  url: "http://h/validate",
  headers: {},
  body: messageId,
});
const verdict: TryOut<object>["verdict"] = ({ status, body }) => (body === "" ? undefined : `${status}: ${body}`);

async function tried(tryOut: TryOut<object> | undefined, answers: Record<string, [number, string]> = {}, dry = false) {
  const sent: string[] = [];
  const definition: HttpDefinition<object> = {
    requests: () => [{ method: "POST", url: "http://h/events", headers: {} }],
    ...(tryOut === undefined ? {} : { tryOut }),
  };
  const type = defineDestination<object>({
    type: "test",
    displayName: "T",
    description: "a test",
    settings: {},
    ...definition,
  });
  const connection = await type.open({} as never, {
    directory: "/",
    now: () => 0,
    userAgent: "t",
    dry,
    sender: {
      async send({ method, url }) {
        const { pathname } = new URL(url);
        sent.push(`${method} ${pathname}`);
        const [status, body] = answers[pathname] ?? [200, ""];
        return { status, headers: {}, body };
      },
      close: async () => {},
    },
  });
  const result = await connection.tryOut!({ messageId: "m" } as DeliveredEvent);
  const { outcome } = result ?? {};
  return {
    sent,
    counts: result?.counts,
    outcome: outcome?.outcome,
    words: outcome === undefined || outcome.outcome === "delivered" ? undefined : [outcome.reason, outcome.detail],
  };
}

test("a type that has nothing for it leaves the event to be delivered", async () => {
  assert.deepEqual((await tried(undefined)).outcome, undefined);
  const { sent, outcome } = await tried({ credentials });
  assert.deepEqual([sent, outcome], [["GET /me"], undefined]);
});

test("the event goes where it does not count", async () => {
  const { sent, outcome, counts } = await tried({ credentials, event: marked });
  assert.deepEqual([sent, outcome, counts], [["GET /me", "POST /validate"], "delivered", false]);
});

test("wrong credentials end it before the event, in the words of the kit or the type", async () => {
  const kit = await tried({ credentials, event: marked }, { "/me": [401, "no"] });
  assert.deepEqual([kit.sent, kit.outcome], [["GET /me"], "retry"]);
  assert.deepEqual(kit.words, ["credentials", "the destination refused its credentials with 401"]);
  const own = await tried({ credentials, verdict }, { "/me": [200, "wrong workspace"] });
  assert.deepEqual(own.words, ["credentials", "200: wrong workspace"]);
});

test("what validation says of the event is what becomes of it", async () => {
  const { outcome, words } = await tried({ event: marked, verdict }, { "/validate": [200, "user_id is missing"] });
  assert.deepEqual([outcome, words], ["dead", ["invalid_event", "200: user_id is missing"]]);
  const refused = await tried({
    event: () => {
      throw refuse("no_identity");
    },
  });
  assert.deepEqual([refused.outcome, refused.words?.[0], refused.sent], ["dead", "no_identity", []]);
});

test("where only the requests are wanted, answers mean nothing", async () => {
  const { sent, outcome } = await tried({ credentials, event: marked, verdict: () => "bad" }, {}, true);
  assert.deepEqual([sent, outcome], [["GET /me", "POST /validate"], "delivered"]);
});
