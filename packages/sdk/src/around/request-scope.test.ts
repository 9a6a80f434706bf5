import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/index.ts";
import { RequestScope, SynchronousStorage } from "./request-scope.ts";
import type { Scope } from "./scope.ts";

/** Runs `fn` with that context under its messages, all of which JSON has to carry. */
function run<Result>(scope: RequestScope, context: unknown, fn: () => Result): Result {
  return scope.run({ context } as Scope, assert.fail, fn);
}

function contextOf(scope: RequestScope): object | undefined {
  const base = scope.current.baseFor("track");
  return base && (JSON.parse(`{${base.members}}`) as object);
}

describe("a request scope", () => {
  test("lies over the defaults and the enclosing scope, deeply, and ends with its function", () => {
    const scope = new RequestScope({ app: { name: "shop", version: "1" }, locale: "en" });
    run(scope, { ip: "192.0.2.1", app: { version: "2" } }, () => {
      run(scope, { ip: "192.0.2.2" }, () => {
        assert.deepEqual(contextOf(scope), { app: { name: "shop", version: "2" }, locale: "en", ip: "192.0.2.2" });
      });
      assert.deepEqual(contextOf(scope), { app: { name: "shop", version: "2" }, locale: "en", ip: "192.0.2.1" });
    });
    assert.deepEqual(contextOf(scope), { app: { name: "shop", version: "1" }, locale: "en" });
  });

  test("returns and throws what the function does", async () => {
    const scope = new RequestScope(undefined);
    const failure = new Error("mine");
    assert.equal(
      run(scope, {}, () => 5),
      5,
    );
    assert.throws(
      () =>
        run(scope, {}, () => {
          throw failure;
        }),
      failure,
    );
    await assert.rejects(
      run(scope, {}, async () => {
        throw failure;
      }),
      failure,
    );
  });

  test("is taken as it is at the call", () => {
    const scope = new RequestScope(undefined);
    const page = { path: "/a" };
    run(scope, { page }, () => {
      page.path = "/b";
      assert.deepEqual(contextOf(scope), { page: { path: "/a" } });
    });
  });

  test("what JSON cannot carry is left out and told, and the rest holds", () => {
    const scope = new RequestScope({ app: 1 } as never);
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const context of [cyclic, { big: 1n }, null, "text", 5, ["list"], () => {}]) {
      const told: string[] = [];
      const given = { context, properties: { plan: "Pro" } } as never as Scope;
      const held = scope.run(
        given,
        ({ message }) => told.push(message),
        () => {
          const message = { ...bare, type: "track", userId: "1" };
          scope.current.complete(message);
          return [contextOf(scope), message.properties];
        },
      );
      assert.deepEqual(held, [{ app: 1 }, { plan: "Pro" }]);
      assert.match(told.join(), /^the context given to a scope is (?:no object|nothing that JSON can carry)$/);
    }
  });

  test("of one client is none of another's, however they are nested", () => {
    const [a, b] = [new RequestScope(undefined), new RequestScope(undefined)];
    run(a, { of: "a" }, () =>
      run(b, { of: "b" }, () =>
        run(a, { inner: true }, () => {
          assert.deepEqual([contextOf(a), contextOf(b)], [{ of: "a", inner: true }, { of: "b" }]);
        }),
      ),
    );
    assert.deepEqual([contextOf(a), contextOf(b)], [undefined, undefined]);
  });

  test("any number of tasks at a time: each sees its own scopes, whatever the order of their steps", async () => {
    const context = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.integer(), { maxKeys: 3 });
    const task = fc.array(context, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(task, { minLength: 2, maxLength: 8 }),
        fc.infiniteStream(fc.nat(3)),
        async (tasks, waits) => {
          const clients = [new RequestScope({ a: -1 }), new RequestScope(undefined)] as const;
          const pause = async (): Promise<void> => {
            for (let left = waits.next().value ?? 0; left > 0; left--) await turn();
          };
          const enter = async (
            scope: RequestScope,
            [first, ...rest]: readonly object[],
            under: object,
          ): Promise<void> => {
            if (first === undefined) return;
            const wanted = { ...under, ...first };
            await run(scope, first as never, async () => {
              await pause();
              assert.deepEqual(contextOf(scope), wanted);
              await enter(scope, rest, wanted);
              await pause();
              assert.deepEqual(contextOf(scope), wanted);
            });
          };
          await Promise.all(
            tasks.map((each, i) => enter(clients[i % 2 === 0 ? 0 : 1], each, i % 2 === 0 ? { a: -1 } : {})),
          );
          assert.deepEqual([contextOf(clients[0]), contextOf(clients[1])], [{ a: -1 }, undefined]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("without AsyncLocalStorage it holds for the synchronous part", async () => {
    const scope = new RequestScope(undefined, () => new SynchronousStorage());
    const later = run(scope, { ip: "192.0.2.1" }, async () => {
      const before = contextOf(scope);
      await turn();
      return [before, contextOf(scope)];
    });
    assert.equal(scope.isAsynchronous, false);
    assert.equal(contextOf(scope), undefined);
    assert.deepEqual(await later, [{ ip: "192.0.2.1" }, undefined]);
  });
});

const bare = {
  messageId: undefined,
  anonymousId: undefined as unknown,
  timestamp: undefined,
  context: undefined as unknown,
  integrations: undefined as unknown,
  event: undefined,
  name: undefined,
  category: undefined,
  groupId: undefined as unknown,
  previousId: undefined,
  properties: undefined as unknown,
  traits: undefined,
};

describe("client.withContext", () => {
  test("is under each message's own context, also behind an await", async () => {
    await using plane = await FakeDataPlane.start();
    await using client = new Pintle("key", plane.url, { defaultContext: { app: { name: "shop" } } });
    await client.withContext({ ip: "192.0.2.1", page: { path: "/a" } }, async () => {
      await turn();
      client.track({ userId: "1", event: "Own", context: { page: { title: "A" }, ip: "192.0.2.9" } });
      client.track({ userId: "1", event: "Bare" });
    });
    client.track({ userId: "1", event: "Outside" });
    await client.flush();
    const contexts = plane.messages.map(({ context }) => {
      const { library, ...rest } = context as Record<string, unknown>;
      assert.ok(library);
      return rest;
    });
    assert.deepEqual(contexts, [
      { app: { name: "shop" }, ip: "192.0.2.9", page: { path: "/a", title: "A" } },
      { app: { name: "shop" }, ip: "192.0.2.1", page: { path: "/a" } },
      { app: { name: "shop" } },
    ]);
  });

  test("what a listener sends has the context of no request, its own client's or another's", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script(503);
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    await using scoped = new Pintle("key", plane.url, { logger });
    await using other = new Pintle("key", plane.url, { logger });
    let told = 0;
    for (const client of [scoped, other]) {
      client.on("error", () => void scoped.track({ userId: "1", event: "Told" }));
      client.on("delivered", () => {
        if (told++ < 2) scoped.track({ userId: "1", event: "Told" });
      });
    }
    await scoped.withContext({ ip: "192.0.2.1" }, async () => {
      scoped.track({ userId: "1", event: "Own" });
      other.track({ userId: "1", event: "Own" });
      await Promise.all([scoped.flush(), other.flush()]);
      scoped.track({ userId: "1", event: "Own" });
    });
    await Promise.all([scoped.flush(), other.flush()]);
    await scoped.flush();
    const ips = plane.messages.map(({ event, context }) => `${event} ${(context as { ip?: string }).ip ?? "-"}`);
    assert.deepEqual([...new Set(ips)].sort(), ["Own -", "Own 192.0.2.1", "Told -"]);
    assert.equal(ips.filter((each) => each === "Told -").length, 3);
  });

  test("a context that cannot be encoded is told, and the function is called without it", async () => {
    await using plane = await FakeDataPlane.start();
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    await using client = new Pintle("key", plane.url, { logger });
    const codes: string[] = [];
    client.on("error", ({ code }) => codes.push(code));
    const result = client.withContext({ big: 1n }, () => client.track({ userId: "1", event: "Sent" }).accepted);
    assert.deepEqual([result, codes], [true, ["PINTLE_CONTEXT_NOT_ENCODABLE"]]);
  });
});
