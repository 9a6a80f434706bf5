/**
 * `@pintle/sdk/analytics-node` beside Segment's own SDK: the same program with another import does
 * the same.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import * as ours from "@pintle/sdk/analytics-node";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { needPackages } from "../support/packages.ts";
import { Program as ChildProgram } from "../support/program.ts";
import { until, within } from "../support/until.ts";

type Library = typeof ours;
type Settings = Omit<ours.AnalyticsSettings, "writeKey" | "host">;

/** A program: what it notes is what both have to say. */
type Program = (stage: Stage) => Promise<void>;

/** One library in front of one data plane. */
class Stage {
  readonly library: Library;
  readonly plane: FakeDataPlane;
  readonly notes: unknown[] = [];

  constructor(library: Library, plane: FakeDataPlane) {
    this.library = library;
    this.plane = plane;
  }

  make(settings: Settings = {}): ours.Analytics {
    const common = { flushInterval: 1000, maxRetries: 0, ...settings };
    return new this.library.Analytics({ writeKey: "key", host: this.plane.url, ...common });
  }

  note(...what: unknown[]): void {
    this.notes.push(what);
  }

  /** Notes what the client tells of. */
  watch(analytics: ours.Analytics): ours.Analytics {
    for (const event of ["identify", "track", "page", "screen", "group", "alias"] as const) {
      analytics.on(event, (ctx) => this.note("event", event, fieldsOf(ctx.event), ctx.failedDelivery()));
    }
    analytics.on("error", ({ code, reason, ctx }) => this.note("error", code, reason !== undefined, ctx?.event.type));
    analytics.on("drained", () => this.note("drained"));
    // The official SDK's own delivery is a plugin of this name.
    analytics.on("register", (names) => names[0] !== "Segment.io" && this.note("register", names));
    analytics.on("deregister", (names) => this.note("deregister", names));
    analytics.on("call_after_close", (event) => this.note("late", fieldsOf(event)));
    return analytics;
  }
}

/** Without what is made up: ids, times, the library's name. */
function fieldsOf({ messageId, timestamp, context, _metadata, ...fields }: ours.SegmentEvent): object {
  const { library: _, ...rest } = context;
  return { ...fields, context: rest, hasId: messageId.length > 10, hasTime: timestamp instanceof Date };
}

function plugin(
  type: ours.Plugin["type"],
  name: string,
  fn: (ctx: ours.Context) => ours.Context | Promise<ours.Context>,
): ours.Plugin {
  return { name, type, isLoaded: () => true, load: async () => {}, track: fn };
}

const programs: Readonly<Record<string, Program>> = {
  async "the six calls, with callbacks"(stage) {
    const analytics = stage.watch(stage.make());
    const callback = (error: unknown, ctx?: ours.Context): void => stage.note("callback", error, ctx?.event.type);
    analytics.identify({ userId: "1", traits: { email: "a@example.com" } }, callback);
    analytics.track({ userId: "1", event: "Paid", properties: { amount: 5 } }, callback);
    analytics.page({ userId: "1", name: "Home", category: "Shop" }, callback);
    analytics.screen({ userId: "1", name: "Home" }, callback);
    analytics.group({ userId: "1", groupId: "g", traits: { seats: 5 } }, callback);
    analytics.alias({ userId: "1", previousId: "a" }, callback);
    stage.note("closed", await analytics.closeAndFlush());
  },

  async "flush waits for callbacks and what they promise"(stage) {
    const analytics = stage.make();
    analytics.track({ userId: "1", event: "Paid" }, async () => {
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      stage.note("callback is done");
    });
    await analytics.flush();
    stage.note("flushed");
    await analytics.closeAndFlush();
  },

  async "calls that are wrong"(stage) {
    const analytics = stage.make();
    const calls: readonly (() => unknown)[] = [
      () => analytics.track({ userId: "1" } as never),
      () => analytics.track({ event: "Paid" } as never),
      () => analytics.track({ userId: "1", event: "Paid", properties: "none" as never }),
      () => analytics.identify({ userId: "1", traits: [] as never }),
      () => analytics.track({ userId: 5 as never, event: "Paid" }),
      () => new stage.library.Analytics({} as never),
    ];
    for (const call of calls) {
      try {
        call();
        stage.note("taken");
      } catch (error) {
        stage.note("thrown", error instanceof Error);
      }
    }
    await analytics.closeAndFlush();
  },

  async "plugins of every type"(stage) {
    const analytics = stage.watch(stage.make());
    await analytics.ready;
    await analytics.register(
      plugin("after", "After", (ctx) => {
        stage.note("after", ctx.event.properties);
        return ctx;
      }),
      plugin("enrichment", "Fails", () => {
        throw new Error("no");
      }),
      plugin("destination", "Elsewhere", (ctx) => {
        stage.note("elsewhere", ctx.event.properties);
        return ctx;
      }),
      plugin("enrichment", "Deep", async (ctx) => {
        await Promise.resolve();
        ctx.updateEvent("properties.inner.value", 1);
        return ctx;
      }),
      plugin("before", "Before", (ctx) => {
        stage.note("before", ctx.event.properties);
        ctx.event.properties = { ...ctx.event.properties, seen: true };
        return ctx;
      }),
    );
    analytics.track({ userId: "1", event: "Paid", properties: { amount: 5 } });
    analytics.track({ userId: "1", event: "Kept Here", integrations: { Elsewhere: false } });
    analytics.track({ userId: "1", event: "Kept Here", integrations: { All: false, Elsewhere: true } });
    await analytics.flush();
    await analytics.deregister("Before", "Deep", "After");
    analytics.track({ userId: "1", event: "Plain" });
    await analytics.closeAndFlush();
  },

  async "a plugin that ends an event, and one that cannot be loaded"(stage) {
    const analytics = stage.watch(stage.make());
    await analytics.register(
      plugin("before", "Only Paid", (ctx) => (ctx.event.event === "Paid" ? ctx : ctx.cancel(new Error("not paid")))),
    );
    const callback = (error: unknown, ctx?: ours.Context): void =>
      stage.note("callback", (error as Error | undefined)?.message, ctx?.event.event);
    analytics.track({ userId: "1", event: "Looked" }, callback);
    await analytics.flush();
    analytics.track({ userId: "1", event: "Paid" }, callback);
    await analytics.closeAndFlush();
  },

  async "calls after close"(stage) {
    const analytics = stage.watch(stage.make());
    const closing = analytics.closeAndFlush();
    analytics.track({ userId: "1", event: "Late" }, () => stage.note("never"));
    await closing;
    analytics.identify({ userId: "1" });
  },

  async disabled(stage) {
    const analytics = stage.watch(stage.make({ disable: true }));
    analytics.track({ userId: "1", event: "Paid" }, (error, ctx) => stage.note("callback", error, ctx?.event.event));
    await analytics.closeAndFlush();
  },

  async "a data plane that refuses"(stage) {
    stage.plane.otherwise(400);
    const analytics = stage.watch(stage.make());
    analytics.track({ userId: "1", event: "Paid" }, (error, ctx) =>
      stage.note("callback", error !== undefined, ctx?.event.event),
    );
    await analytics.closeAndFlush({ timeout: 5000 });
  },

  async "an HTTP client of the program's, as an object"(stage) {
    const httpClient: ours.HTTPClient = {
      async makeRequest({ url, method, headers, body, httpRequestTimeout }) {
        const { batch } = JSON.parse(body) as { batch: { event: string }[] };
        stage.note(
          url.replace(stage.plane.url, ""),
          method,
          httpRequestTimeout,
          batch.map(({ event }) => event),
        );
        return fetch(url, { method, headers, body });
      },
    };
    const analytics = stage.make({ httpClient, httpRequestTimeout: 3000 });
    analytics.track({ userId: "1", event: "Paid" });
    await analytics.closeAndFlush();
  },

  async "an HTTP client of the program's, as a function"(stage) {
    const analytics = stage.make({
      httpClient: async (url, { method, headers, body, signal }) => {
        stage.note(method, typeof body, signal !== undefined);
        return fetch(url, { method, headers, body });
      },
    });
    analytics.track({ userId: "1", event: "Paid" });
    await analytics.closeAndFlush();
  },

  async "another path, and listeners of requests"(stage) {
    const analytics = stage.make({ path: "/proxy/events" });
    analytics.on("http_request", ({ url, method, body }) => {
      const { batch } = JSON.parse(body) as { batch: { event: string }[] };
      stage.note("request", url.replace(stage.plane.url, ""), method, batch.length);
    });
    analytics.on("http_response", ({ status }) => stage.note("response", status));
    stage.plane.otherwise({ status: 200, body: "{}" });
    analytics.track({ userId: "1", event: "Paid" });
    await analytics.closeAndFlush();
    stage.note(stage.plane.requests.map(({ path }) => path));
  },

  async "once and off"(stage) {
    const analytics = stage.make();
    const listener = (): void => stage.note("listener");
    analytics.once("track", () => stage.note("once")).on("track", listener);
    analytics.track({ userId: "1", event: "Paid" });
    await analytics.flush();
    analytics.off("track", listener);
    analytics.track({ userId: "1", event: "Paid" });
    await analytics.closeAndFlush();
  },
};

const inOrder: ReadonlySet<Program | undefined> = new Set([
  programs["flush waits for callbacks and what they promise"],
  programs["once and off"],
]);

const folder = fileURLToPath(new URL("../../../libraries", import.meta.url));
const require = createRequire(join(folder, "package.json"));

describe("@pintle/sdk/analytics-node, beside @segment/analytics-node", needPackages("tests/libraries"), () => {
  for (const [name, program] of Object.entries(programs)) {
    test(name, async () => {
      const theirs = require("@segment/analytics-node") as Library;
      const [expected, found] = [await run(theirs, program), await run(ours, program)];
      assert.deepEqual(found, expected);
      assert.ok(expected.notes.length > 0 || expected.sent.length > 0, "a program that shows nothing");
    });
  }

  for (const library of ["@segment/analytics-node", "@pintle/sdk/analytics-node"]) {
    test(`${library}: a server in express that is ended loses nothing`, needPackages("examples/apps"), async () => {
      await using plane = await FakeDataPlane.start({ writeKey: "key" });
      await using app = new ChildProgram(process.execPath, [join(folder, "segment-express.mjs"), library, plane.url]);
      const port = await until("the port", () => /port (\d+)/.exec(app.stdout)?.[1], { state: () => app.output });
      const post = (path: string, body: object): Promise<Response> =>
        fetch(`http://127.0.0.1:${port}${path}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        });
      for (let i = 0; i < 20; i++) {
        assert.equal((await post("/login", { userId: `u${i}`, email: "a@example.com" })).status, 200);
        assert.equal((await post("/cart", { userId: `u${i}` })).status, 201);
      }
      app.child.kill("SIGTERM");
      assert.deepEqual(await app.ended, { code: 0, signal: null }, app.output);
      assert.match(app.stdout, /delivered/);
      assert.equal(plane.messages.length, 40);
    });

    test(`${library}: a Lambda answers when its event is delivered`, async () => {
      await using plane = await FakeDataPlane.start({ writeKey: "key" });
      await using lambda = new ChildProgram(process.execPath, [join(folder, "segment-lambda.cjs"), library, plane.url]);
      await lambda.ended;
      assert.equal(lambda.stdout, "200\n", lambda.output);
      assert.deepEqual(
        plane.messages.map(({ userId, event }) => [userId, event]),
        [["1", "Function Called"]],
      );
    });
  }

  async function run(library: Library, program: Program) {
    await using plane = await FakeDataPlane.start({ writeKey: "key" });
    const stage = new Stage(library, plane);
    await within("the program's end", 30_000, program(stage));
    const sent = plane.requests.flatMap(({ text }) => (JSON.parse(text) as { batch: ours.SegmentEvent[] }).batch);
    const notes = inOrder.has(program) ? stage.notes : sorted(stage.notes);
    return { notes, sent: sorted(sent.map(wireOf)) };
  }
});

/** The official SDK sends what is queued in any order. */
function sorted(values: readonly unknown[]): readonly unknown[] {
  const text = (value: unknown): string => inspect(value, { sorted: true, depth: null });
  return [...values].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/**
 * What the wire has of a message, in both dialects: a time of the call, and empty objects where
 * there is nothing.
 */
function wireOf({
  type,
  userId,
  event,
  name,
  category,
  groupId,
  previousId,
  properties,
  traits,
  integrations,
}: ours.SegmentEvent) {
  return { type, userId, event, name, category, groupId, previousId, properties, traits, integrations };
}
