import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import fc from "fast-check";
import { pintleContext as expressContext } from "./express.ts";
import { pintleContext as honoContext } from "./hono.ts";
import { headersContext, type NextRequestLike, withPintle } from "./next.ts";
import { type RequestContextOptions, requestContext } from "./request-context.ts";
import type { Scope } from "./scope.ts";
import { traceIdOf } from "./traceparent.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
const headers = { "user-agent": "test/1", referer: "https://shop.example/", traceparent, host: "shop.example:8080" };

/** Keeps what it is given. */
class Scopes {
  readonly contexts: unknown[] = [];
  readonly more: object[] = [];
  readonly steps: string[] = [];

  withScope<Result>({ context, ...more }: Scope, fn: () => Result): Result {
    this.contexts.push(context);
    this.more.push(more);
    return fn();
  }

  async flush(): Promise<void> {
    this.steps.push("flush");
  }
}

describe("the trace id of a traceparent header", () => {
  test("is the second of four fields", () => {
    assert.equal(traceIdOf(traceparent), traceId);
    assert.equal(traceIdOf(`01-${traceId}-00f067aa0ba902b7-01-what-comes-later`), traceId);
  });

  test("is none where the header breaks a rule", () => {
    for (const wrong of [
      undefined,
      "",
      traceId,
      traceparent.toUpperCase(),
      `ff-${traceId}-00f067aa0ba902b7-01`,
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      `00-${traceId}-${"0".repeat(16)}-01`,
      `${traceparent}-more`,
      `${traceparent}0`,
      traceparent.slice(0, -1),
    ]) {
      assert.equal(traceIdOf(wrong), undefined, wrong);
    }
    fc.assert(fc.property(fc.string(), (text) => traceIdOf(text) === undefined));
  });
});

describe("the context of a request", () => {
  const facts = (url: string | undefined, given: Readonly<Record<string, string>> = headers) => ({
    ip: "192.0.2.1",
    url,
    header: (name: string) => given[name],
  });
  const of = (options?: RequestContextOptions<string>) =>
    requestContext("https://shop.example/a/b?c=d", (url) => facts(url), options);

  test("has everything that is known", () => {
    assert.deepEqual(of(), {
      ip: "192.0.2.1",
      userAgent: "test/1",
      page: { url: "https://shop.example/a/b?c=d", path: "/a/b", search: "?c=d", referrer: "https://shop.example/" },
      traceId,
    });
  });

  test("has nothing that is not", () => {
    assert.deepEqual(
      requestContext("", () => ({ ...facts(undefined, {}), ip: undefined })),
      {},
    );
    assert.deepEqual(
      requestContext("", () => facts("no URL", {})),
      { ip: "192.0.2.1" },
    );
  });

  test("leaves out what it is told to, and what an option fails to find", () => {
    assert.deepEqual(Object.keys(of({ omit: ["page", "ip"] })), ["userAgent", "traceId"]);
    assert.deepEqual(of({ omit: ["page", "traceId", "userAgent"], ip: (url) => url.slice(0, 5) }), { ip: "https" });
    const fail = (): never => {
      throw new Error("mine");
    };
    assert.deepEqual(Object.keys(of({ ip: fail })), ["userAgent", "page", "traceId"]);
    assert.deepEqual(requestContext("", fail), {});
  });
});

describe("adapters", () => {
  test("Express: calls next without an argument, in the scope", () => {
    const client = new Scopes();
    const request = { ip: "192.0.2.1", protocol: "https", originalUrl: "/a?b=c", headers };
    let called: unknown[] = [];
    expressContext(client)(request, {}, (...args: unknown[]) => {
      called = [args.length];
    });
    assert.deepEqual(called, [0]);
    assert.deepEqual(client.contexts, [
      {
        ip: "192.0.2.1",
        userAgent: "test/1",
        page: {
          url: "https://shop.example:8080/a?b=c",
          path: "/a",
          search: "?b=c",
          referrer: "https://shop.example/",
        },
        traceId,
      },
    ]);
  });

  test("the option scope: who it is about, and what lies over the request's context; where it fails there is the context", () => {
    const client = new Scopes();
    const request = { ip: "192.0.2.1", protocol: "https", originalUrl: "/", headers: {}, user: 7 };
    const enter = (scope: (of: typeof request) => Scope | undefined) =>
      expressContext<typeof request>(client, { scope })(request, {}, () => {});
    enter(({ user }) => ({ userId: user, context: { locale: "de" } }));
    enter(() => undefined);
    enter(() => {
      throw new Error("mine");
    });
    enter((() => Promise.reject(new Error("mine"))) as never);
    assert.deepEqual(client.more, [{ userId: 7 }, {}, {}, {}]);
    const ip = "192.0.2.1";
    assert.deepEqual(client.contexts, [{ ip, locale: "de" }, { ip }, { ip }, { ip }]);
  });

  test("Hono: believes cf-connecting-ip where there is Cloudflare's cf, and the socket elsewhere", async () => {
    const client = new Scopes();
    const omit = ["page", "userAgent", "traceId"] as const;
    const context = (raw: object, env: unknown) => ({
      req: {
        url: "https://shop.example/",
        raw,
        header: (name: string) => (name === "cf-connecting-ip" ? "192.0.2.7" : undefined),
      },
      env,
    });
    const enter = honoContext(client, { omit });
    await enter(context({ cf: {} }, {}), async () => {});
    await enter(context({}, { incoming: { socket: { remoteAddress: "192.0.2.8" } } }), async () => {});
    await enter(context({}, undefined), async () => {});
    assert.deepEqual(client.contexts, [{ ip: "192.0.2.7" }, { ip: "192.0.2.8" }, {}]);
  });

  test("Next: requests of both routers, and headers alone", async () => {
    const client = new Scopes();
    const handler = withPintle(client, async (_request: NextRequestLike, answer: number) => answer, {
      omit: ["traceId", "userAgent"],
    });
    const more = { ...headers, "x-forwarded-for": "192.0.2.1, 10.0.0.1", "x-forwarded-proto": "https" };
    assert.equal(await handler({ url: "http://localhost:3000/a", headers: new Headers(more) }, 5), 5);
    await handler({ url: "/a", headers: more }, 5);
    const wanted = {
      ip: "192.0.2.1",
      page: { url: "https://shop.example:8080/a", path: "/a", referrer: "https://shop.example/" },
    };
    assert.deepEqual(client.contexts, [wanted, wanted]);
    const { page, ip } = headersContext(new Headers(more)) as Record<string, unknown>;
    assert.deepEqual({ page, ip }, { ip: "192.0.2.1", page: { referrer: "https://shop.example/" } });
  });

  test("flush per request: waits, or hands the promise on, also when the handler or the option fails", async () => {
    const waiting = new Scopes();
    const failing = withPintle(
      waiting,
      async (_request: { headers: Headers }): Promise<void> => {
        waiting.steps.push("handler");
        throw new Error("mine");
      },
      { flush: "wait" },
    );
    await assert.rejects(failing({ headers: new Headers() }), /mine/);
    assert.deepEqual(waiting.steps, ["handler", "flush"]);

    const error = mock.method(console, "error", () => {});
    const throwing = withPintle(new Scopes(), (_request: { headers: Headers }) => "answer", {
      flush: () => {
        throw new Error("no executionCtx");
      },
    });
    assert.equal(await throwing({ headers: new Headers() }), "answer");
    assert.match(String(error.mock.calls[0]?.arguments[0]), /option flush failed: no executionCtx/);
    error.mock.restore();

    const handed: unknown[] = [];
    const background = withPintle(new Scopes(), (_request: { headers: Headers }) => "answer", {
      flush: (flushed, request) => handed.push(flushed instanceof Promise, request.headers instanceof Headers),
    });
    assert.equal(await background({ headers: new Headers() }), "answer");
    assert.deepEqual(handed, [true, true]);
  });
});
