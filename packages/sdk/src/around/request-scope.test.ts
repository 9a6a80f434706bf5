import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/index.ts";
import { ContextError, RequestScope, SynchronousStorage } from "./request-scope.ts";

describe("a request scope", () => {
  test("lies over the defaults and the enclosing scope, deeply, and ends with its function", () => {
    const scope = new RequestScope({ app: { name: "shop", version: "1" }, locale: "en" });
    scope.run({ ip: "192.0.2.1", app: { version: "2" } }, () => {
      scope.run({ ip: "192.0.2.2" }, () => {
        assert.deepEqual(scope.context, { app: { name: "shop", version: "2" }, locale: "en", ip: "192.0.2.2" });
      });
      assert.deepEqual(scope.context, { app: { name: "shop", version: "2" }, locale: "en", ip: "192.0.2.1" });
    });
    assert.deepEqual(scope.context, { app: { name: "shop", version: "1" }, locale: "en" });
  });

  test("returns and throws what the function does", async () => {
    const scope = new RequestScope(undefined);
    const failure = new Error("mine");
    assert.equal(
      scope.run({}, () => 5),
      5,
    );
    assert.throws(
      () =>
        scope.run({}, () => {
          throw failure;
        }),
      failure,
    );
    await assert.rejects(
      scope.run({}, async () => {
        throw failure;
      }),
      failure,
    );
  });

  test("is taken as it is at the call", () => {
    const scope = new RequestScope(undefined);
    const page = { path: "/a" };
    scope.run({ page }, () => {
      page.path = "/b";
      assert.deepEqual(scope.context, { page: { path: "/a" } });
    });
  });

  test("what JSON cannot carry is refused before the function is called", () => {
    const scope = new RequestScope(undefined);
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const wrong of [cyclic, { big: 1n }, null, undefined, "text", 5, ["list"], () => {}]) {
      assert.throws(() => scope.run(wrong as object as never, () => assert.fail("called")), ContextError);
    }
  });

  test("of one client is none of another's, however they are nested", () => {
    const [a, b] = [new RequestScope(undefined), new RequestScope(undefined)];
    a.run({ of: "a" }, () =>
      b.run({ of: "b" }, () =>
        a.run({ inner: true }, () => {
          assert.deepEqual([a.context, b.context], [{ of: "a", inner: true }, { of: "b" }]);
        }),
      ),
    );
    assert.deepEqual([a.context, b.context], [undefined, undefined]);
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
            await scope.run(first as never, async () => {
              await pause();
              assert.deepEqual(scope.context, wanted);
              await enter(scope, rest, wanted);
              await pause();
              assert.deepEqual(scope.context, wanted);
            });
          };
          await Promise.all(
            tasks.map((each, i) => enter(clients[i % 2 === 0 ? 0 : 1], each, i % 2 === 0 ? { a: -1 } : {})),
          );
          assert.deepEqual([clients[0].context, clients[1].context], [{ a: -1 }, undefined]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("without AsyncLocalStorage it holds for the synchronous part", async () => {
    const scope = new RequestScope(undefined, () => new SynchronousStorage());
    const later = scope.run({ ip: "192.0.2.1" }, async () => {
      const before = scope.context;
      await turn();
      return [before, scope.context];
    });
    assert.equal(scope.isAsynchronous, false);
    assert.equal(scope.context, undefined);
    assert.deepEqual(await later, [{ ip: "192.0.2.1" }, undefined]);
  });
});

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
    assert.deepEqual([result, codes], [true, ["CONTEXT_NOT_ENCODABLE"]]);
    // An error of the program's own passes, whatever it is called.
    assert.throws(
      () =>
        client.withContext({}, () => {
          throw new ContextError("mine");
        }),
      /mine/,
    );
  });
});
