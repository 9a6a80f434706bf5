import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type ArrivedMessage, startVirtualClient as start } from "../simulation/virtual-client.ts";
import type { Scope } from "./scope.ts";

/** What arrives of the calls that `send` makes. */
async function sent(
  send: (client: ReturnType<typeof start>["client"]) => unknown,
  config = {},
): Promise<ArrivedMessage[]> {
  const { client, environment, messages } = start(config);
  await send(client);
  await environment.until(client.close());
  return messages.map(({ messageId, originalTimestamp, sentAt, channel, type, context, ...rest }) => {
    const { library, ...own } = context as ArrivedMessage;
    return Object.keys(own).length > 0 ? { ...rest, context: own } : rest;
  });
}

describe("client.withScope", () => {
  test("completes each call with what it leaves open: the message wins, then the inner scope, the outer, the default", async () => {
    const outer: Scope = {
      userId: "1",
      properties: { plan: "Pro", at: { a: 1, b: 1 } },
      integrations: { All: true, Slack: { channel: "a" } },
      context: { ip: "192.0.2.1" },
    };
    const messages = await sent(
      (client) =>
        client.withScope(outer, () =>
          client.withScope(
            { anonymousId: "d", properties: { at: { b: 2 } }, context: { locale: "de" } },
            async (scoped) => {
              await turn();
              scoped.track({ event: "e", properties: { at: { c: 3 }, own: true }, integrations: { Slack: false } });
              scoped.identify({ traits: { name: "N" } });
            },
          ),
        ),
      { defaultContext: { app: { name: "shop" }, locale: "en" } },
    );
    const context = { app: { name: "shop" }, locale: "de", ip: "192.0.2.1" };
    const ids = { userId: "1", anonymousId: "d" };
    assert.deepEqual(messages, [
      {
        ...ids,
        event: "e",
        properties: { plan: "Pro", at: { a: 1, b: 2, c: 3 }, own: true },
        integrations: { All: true, Slack: false },
        context,
      },
      { ...ids, traits: { name: "N" }, integrations: { All: true, Slack: { channel: "a" } }, context },
    ]);
  });

  test("an id that is another's takes nothing of the scope's identity", async () => {
    const scope = { userId: 1, anonymousId: "d" };
    const messages = await sent((client) =>
      client.withScope(scope, (scoped) => {
        for (const ids of [
          {},
          { userId: "1" },
          { userId: "" },
          { userId: "2" },
          { anonymousId: "e" },
          { userId: 2, anonymousId: "d" },
        ])
          scoped.track({ event: "e", ...ids });
        client.withScope({ userId: "3" }, (inner) => inner.track({ event: "e" }));
      }),
    );
    assert.deepEqual(
      messages.map(({ userId = "", anonymousId = "" }) => `${userId} ${anonymousId}`),
      ["1 d", "1 d", "1 d", "2 ", " e", "2 d", "3 "],
    );
  });

  test("a group's id is that of group calls, and context.groupId of the others", async () => {
    const messages = await sent((client) =>
      client.withScope({ userId: "1", groupId: 5, context: { ip: "i" } }, (scoped) => {
        scoped.group({ traits: { size: 3 } });
        scoped.group({ groupId: "6" });
        scoped.page({ name: "Home" });
        scoped.page({ name: "Home", context: { groupId: "own" } });
      }),
    );
    assert.deepEqual(
      messages.map(({ groupId, context }) => [groupId, (context as ArrivedMessage).groupId]),
      [
        ["5", undefined],
        ["6", undefined],
        [undefined, "5"],
        [undefined, "own"],
      ],
    );
  });

  test("the client's own calls find it at run time; it ends with its function; bound calls do not", async () => {
    const messages = await sent(async (client) => {
      const later = client.withScope({ userId: "1" }, (scoped) => {
        client.track({ event: "within" } as never);
        return scoped;
      });
      assert.equal(client.track({ event: "outside" } as never).error?.code, "PINTLE_EVENT_WITHOUT_ID");
      client.withScope({ userId: "2" }, () => later.track({ event: "bound" }));
      for (const call of ["identify", "page", "screen", "group", "alias", "enqueue"] as const)
        assert.ok(later[call]({ type: "track", event: "e", groupId: 1, previousId: 2, name: "n" } as never).accepted);
    });
    assert.deepEqual(new Set(messages.map(({ userId }) => userId)), new Set(["1"]));
    assert.equal(messages.length, 8);
  });

  test("is taken as it is at the call, and returns and throws what its function does", async () => {
    const messages = await sent((client) => {
      const properties = { list: [1] };
      assert.equal(
        client.withScope({ userId: "1", properties }, (scoped) => {
          properties.list.push(2);
          scoped.track({ event: "e" });
          return 5;
        }),
        5,
      );
      const mine = new Error("mine");
      assert.throws(
        () =>
          client.withScope({}, () => {
            throw mine;
          }),
        mine,
      );
      for (const wrong of [undefined, null, "text", 7])
        assert.equal(
          client.withScope(wrong as never, () => 6),
          6,
        );
    });
    assert.deepEqual(messages[0]?.properties, { list: [1] });
  });

  test("a plan judges what is sent: the properties of the scope as well", () => {
    const schema = {
      "~standard": {
        version: 1,
        vendor: "t",
        validate: (value: object) => ("plan" in value ? { value } : { issues: [{ message: "no plan" }] }),
      },
    } as const;
    const { client } = start({ plan: { Paid: schema as never } });
    assert.equal(client.track({ userId: "1", event: "Paid" }).accepted, false);
    assert.ok(
      client.withScope({ properties: { plan: "Pro" } }, () => client.track({ userId: "1", event: "Paid" })).accepted,
    );
  });
});

describe("the active span", () => {
  test("is in the context, over the scope's trace; the message's own goes before it", async (t) => {
    const registry = Symbol.for("opentelemetry.js.api.1");
    const ids = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
    const span = { spanContext: () => ids };
    Object.defineProperty(globalThis, registry, {
      value: { context: { active: () => ({ getValue: () => span }) } },
      configurable: true,
    });
    t.after(() => Reflect.deleteProperty(globalThis, registry));
    const messages = await sent((client) =>
      client.withContext({ traceId: "of the request" }, () => {
        client.track({ userId: "1", event: "e" });
        client.track({ userId: "1", event: "e", context: { ip: "i" } });
        client.track({ userId: "1", event: "e", context: { traceId: "own" } });
      }),
    );
    assert.deepEqual(
      messages.map(({ context }) => context),
      [ids, { ip: "i", ...ids }, { traceId: "own" }],
    );
  });
});
