/**
 * What a program may rely on in `@rudderstack/rudder-sdk-node`, as one test for two: the official
 * SDK, and `@pintle/sdk/rudder-sdk-node` in its place.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { Analytics, type constructorOptions } from "@pintle/sdk/rudder-sdk-node";
import { FakeDataPlane, type ReceivedMessage } from "@pintle/sdk/testing";
import { within } from "../support/until.ts";
import { installNodeClients } from "./node-clients.ts";

/** The common interface, as the official SDK declares it. */
interface Client {
  identify(message: object, callback?: Callback): Client;
  track(message: object, callback?: Callback): Client;
  page(message: object, callback?: Callback): Client;
  screen(message: object, callback?: Callback): Client;
  group(message: object, callback?: Callback): Client;
  alias(message: object, callback?: Callback): Client;
  flush(callback?: Callback): Promise<unknown>;
}
type Callback = (error?: Error, data?: { readonly batch: readonly { readonly event?: string }[] }) => void;
type ClientClass = new (writeKey: string, options?: object) => Client;

const subjects: readonly [name: string, load: () => Promise<ClientClass>][] = [
  [
    "@rudderstack/rudder-sdk-node",
    async () =>
      createRequire(join(await installNodeClients(), "index.js"))("@rudderstack/rudder-sdk-node") as ClientClass,
  ],
  ["@pintle/sdk/rudder-sdk-node", async () => Analytics as unknown as ClientClass],
];

/** Quiet, because failures are what some tests are about. */
const quiet = {
  logLevel: "error",
  retryCount: 0,
  pintle: { logger: { debug() {}, info() {}, warn() {}, error() {} } },
};

interface Axios {
  create(config: object): {
    readonly interceptors: {
      readonly request: { use(change: (config: { headers: Record<string, string> }) => object): void };
    };
  };
}

/** The axios that the official SDK brings. */
async function loadAxios(): Promise<Axios> {
  const official = createRequire(join(await installNodeClients(), "index.js")).resolve("@rudderstack/rudder-sdk-node");
  return createRequire(official)("axios") as Axios;
}

/** A promise, and the callback that resolves it with what it was called with. */
function called(): [callback: (error?: Error) => void, when: Promise<Error | undefined>, times: () => number] {
  let count = 0;
  let resolve: (error: Error | undefined) => void = () => {};
  const when = new Promise<Error | undefined>((settle) => {
    resolve = settle;
  });
  const callback = (error?: Error): void => {
    count++;
    resolve(error);
  };
  return [callback, within("the callback", 60_000, when), () => count];
}

/** The fields that a program gives; what the SDK adds is looked at by itself. */
function own({ type, messageId, channel, originalTimestamp, sentAt, _metadata, ...fields }: ReceivedMessage): object {
  const { library, ...context } = fields.context as Record<string, unknown>;
  assert.ok(library);
  return { type, ...fields, context };
}

for (const [name, load] of subjects) {
  describe(name, () => {
    let Client: ClientClass;

    before(async () => {
      Client = await load();
    });

    test("all six calls arrive, with every field, and their callbacks are called once", async () => {
      await using plane = await FakeDataPlane.start({ writeKey: "wk_compat" });
      const client = new Client("wk_compat", { ...quiet, dataPlaneUrl: plane.url, flushAt: 100 });
      const timestamp = new Date("2026-11-01T10:00:00Z");
      const common = { userId: "u", anonymousId: "a", timestamp, integrations: { All: false, S3: { bucket: "b" } } };
      const context = { ip: "192.0.2.1", deep: { list: [1, "two", null, { three: 3 }] } };
      const calls: [keyof Client, object][] = [
        ["identify", { ...common, context, traits: { name: "N", since: timestamp } }],
        ["track", { ...common, context, event: "Paid", properties: { amount: 0, nothing: null, off: false } }],
        ["page", { ...common, name: "Home", category: "Shop", properties: { url: "https://x.example" } }],
        ["screen", { ...common, name: "Basket" }],
        ["group", { ...common, groupId: "g", traits: { size: 5 } }],
        ["alias", { ...common, previousId: "p" }],
      ];
      const callbacks = calls.map(([method, message]) => {
        const [callback, when, times] = called();
        assert.equal((client[method] as Client["track"])(message, callback), client, "calls can be chained");
        return { when, times };
      });
      // The official one sends one batch for each flush, and the first message by itself.
      await client.flush();
      await client.flush();
      assert.deepEqual(
        await Promise.all(callbacks.map(({ when }) => when)),
        calls.map(() => undefined),
      );
      assert.deepEqual(
        callbacks.map(({ times }) => times()),
        calls.map(() => 1),
      );
      const iso = timestamp.toISOString();
      const sent = { ...common, timestamp: iso };
      const traits = { name: "N", since: iso };
      assert.deepEqual(plane.messages.map(own), [
        { type: "identify", ...sent, context: { ...context, traits }, traits },
        { type: "track", ...sent, context, event: "Paid", properties: { amount: 0, nothing: null, off: false } },
        {
          type: "page",
          ...sent,
          context: {},
          name: "Home",
          category: "Shop",
          properties: { url: "https://x.example" },
        },
        { type: "screen", ...sent, context: {}, name: "Basket" },
        { type: "group", ...sent, context: {}, groupId: "g", traits: { size: 5 } },
        { type: "alias", ...sent, context: {}, previousId: "p" },
      ]);
      for (const { messageId, channel, originalTimestamp, sentAt } of plane.messages) {
        assert.match(messageId, /^[0-9a-f-]{36}$/);
        assert.equal(channel, "server");
        for (const time of [originalTimestamp, sentAt]) assert.ok(Date.parse(String(time)) > 0);
      }
    });

    const objects = "You must pass a message object.";
    const somebody = 'You must pass either an "anonymousId" or a "userId".';
    const asserted: readonly (readonly [method: keyof Client, message: unknown, text: string])[] = [
      ["track", undefined, objects],
      ["track", null, objects],
      ["track", "text", objects],
      ["track", [], objects],
      ["track", {}, somebody],
      ["identify", { userId: "" }, somebody],
      ["page", { anonymousId: 0 }, somebody],
      ["screen", {}, somebody],
      ["group", {}, somebody],
      ["track", { userId: "u" }, 'You must pass an "event".'],
      ["track", { userId: "u", event: "" }, 'You must pass an "event".'],
      ["group", { userId: "u" }, 'You must pass a "groupId".'],
      ["group", { userId: "u", groupId: 0 }, 'You must pass a "groupId".'],
      ["alias", { anonymousId: "a", previousId: "p" }, 'You must pass a "userId".'],
      ["alias", { userId: "u" }, 'You must pass a "previousId".'],
      ["track", { userId: "u", event: 5 }, '"event" must be a string.'],
      ["page", { userId: "u", name: 5 }, '"name" must be a string.'],
      ["page", { userId: "u", category: 5 }, '"category" must be a string.'],
      ["track", { userId: true, event: "E" }, '"userId" must be a string or number.'],
      ["track", { anonymousId: {}, event: "E" }, '"anonymousId" must be a string or number.'],
      ["group", { userId: "u", groupId: {} }, '"groupId" must be a string or number.'],
      ["alias", { userId: "u", previousId: true }, '"previousId" must be a string or number.'],
      ["track", { userId: "u", event: "E", context: "text" }, '"context" must be an object.'],
      ["track", { userId: "u", event: "E", integrations: "text" }, '"integrations" must be an object.'],
      ["track", { userId: "u", event: "E", timestamp: "2026-11-01" }, '"timestamp" must be a date.'],
      ["track", { userId: "u", event: "E", timestamp: 5 }, '"timestamp" must be a date.'],
    ];
    test("a call that is wrong is an AssertionError, in the official words", () => {
      const client = new Client("k", { ...quiet, enable: false });
      for (const [method, message, text] of asserted) {
        assert.throws(
          () => (client[method] as Client["track"])(message as object),
          { name: "AssertionError", code: "ERR_ASSERTION", message: text },
          `${method} ${JSON.stringify(message)}`,
        );
      }
      for (const key of [undefined, "", null]) {
        assert.throws(() => new Client(key as never), {
          name: "AssertionError",
          message: "You must pass your RudderStack project's write key.",
        });
      }
      assert.ok(new Client("k", null as never));
    });

    test("a time of the past, metadata and fields of the program's own are sent", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      const originalTimestamp = new Date("2020-01-01T00:00:00Z");
      client.track({
        userId: "u",
        event: "E",
        originalTimestamp,
        _metadata: { own: 1 },
        category: "c",
        custom: { a: [1] },
      });
      await client.flush();
      const [message] = plane.messages;
      assert.deepEqual(
        [message?.originalTimestamp, message?._metadata, message?.custom, message?.category],
        ["2020-01-01T00:00:00.000Z", { nodeVersion: process.versions.node, own: 1 }, { a: [1] }, "c"],
      );
    });

    test("what the model has as an object may be something else", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      client.identify({ userId: "u", traits: "text", messageId: 5 });
      client.track({ userId: "u", event: "E", properties: [1] });
      await client.flush();
      await client.flush();
      assert.deepEqual(
        plane.messages.map(({ traits, properties, messageId }) => [traits, properties, String(messageId).length > 3]),
        [
          ["text", undefined, false],
          [undefined, [1], true],
        ],
      );
    });

    test("callbacks and flush are given what was sent", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url, gzip: false });
      const events: unknown[] = [];
      const note: Callback = (error, data) => events.push([error, data?.batch.map(({ event }) => event)]);
      await new Promise<void>((resolve) => {
        client.track({ userId: "u", event: "First" }, (...args) => {
          note(...args);
          resolve();
        });
      });
      client.track({ userId: "u", event: "Second" });
      const flushed = await new Promise<unknown>((resolve) => {
        const result = client.flush((...args) => {
          note(...args);
          resolve(result);
        });
      });
      assert.deepEqual(
        ((await flushed) as { batch: { event: string }[] }).batch.map(({ event }) => event),
        ["Second"],
      );
      assert.equal(await client.flush(), undefined);
      assert.deepEqual(events, [
        [undefined, ["First"]],
        [undefined, ["Second"]],
      ]);
    });

    test("any path, an instance of axios with interceptors, and the headers of its configuration", async () => {
      await using plane = await FakeDataPlane.start();
      const axios = await loadAxios();
      const instance = axios.create({ headers: { "X-Own": "1" } });
      instance.interceptors.request.use((config) => {
        config.headers["X-Intercepted"] = "2";
        return config;
      });
      const common = { ...quiet, dataPlaneUrl: plane.url };
      for (const options of [
        { path: "/proxy/events" },
        { axiosInstance: instance },
        { axiosConfig: { headers: { "X-Configured": "3" } } },
      ]) {
        const client = new Client("k", { ...common, ...options });
        client.track({ userId: "u", event: "E" });
        await client.flush();
      }
      assert.deepEqual(
        plane.requests.map(({ path, headers }) => [
          path,
          headers["x-own"],
          headers["x-intercepted"],
          headers["x-configured"],
        ]),
        [
          ["/proxy/events", undefined, undefined, undefined],
          ["/v1/batch", "1", "2", undefined],
          ["/v1/batch", undefined, undefined, "3"],
        ],
      );
    });

    test("ids may be numbers, and arrive as text; a messageId of the program's own is kept", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      client.track({ userId: 5, anonymousId: 6, event: "E", messageId: "mine" });
      await client.flush();
      const [{ userId, anonymousId, messageId } = assert.fail("nothing arrived")] = plane.messages;
      assert.deepEqual([userId, anonymousId, messageId], ["5", "6", "mine"]);
    });

    test("what the program changes afterwards is not sent, and nothing is written into its objects", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      const message = { userId: "u", traits: { plan: "Free" } };
      client.identify(message);
      assert.deepEqual(message, { userId: "u", traits: { plan: "Free" } });
      message.traits.plan = "Pro";
      await client.flush();
      assert.deepEqual(plane.messages[0]?.traits, { plan: "Free" });
    });

    test("a message without what it needs, or with what cannot be, throws where it is made", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      for (const [method, message] of [
        ["identify", undefined],
        ["identify", {}],
        ["identify", { userId: "" }],
        ["track", { userId: "u" }],
        ["track", { userId: "u", event: "" }],
        ["track", { userId: "u", event: 5 }],
        ["track", { event: "E" }],
        ["group", { userId: "u" }],
        ["alias", { userId: "u" }],
        ["page", { anonymousId: "a", name: 5 }],
        ["track", { userId: "u", event: "E", timestamp: "nonsense" }],
        ["track", { userId: "u", event: "E", context: [] }],
        ["track", { userId: "u", event: "E", integrations: 5 }],
        ["track", { userId: { a: 1 }, event: "E" }],
      ] as const) {
        assert.throws(() => client[method](message as never), Error, `${method} ${JSON.stringify(message)}`);
      }
      client.page({ anonymousId: "a" });
      await client.flush();
      assert.deepEqual(
        plane.messages.map(({ type }) => type),
        ["page"],
      );
    });

    test("a write key is needed, and options may be missing", () => {
      assert.throws(() => new (Client as new () => Client)());
      assert.throws(() => new Client(""));
      new Client("k");
    });

    test("the first message goes out at once, flushAt messages together", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url, flushAt: 3, flushInterval: 3_600_000 });
      client.track({ userId: "u", event: "0" });
      await within(
        "the first",
        60_000,
        plane.until(() => plane.messages.length === 1),
      );
      for (let i = 1; i <= 3; i++) client.track({ userId: "u", event: String(i) });
      await within(
        "the others",
        60_000,
        plane.until(() => plane.messages.length === 4),
      );
      assert.deepEqual(
        plane.requests.map(({ messages }) => messages.map(({ event }) => event)),
        [["0"], ["1", "2", "3"]],
      );
      await client.flush();
    });

    test("flushInterval sends what flushAt does not", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url, flushAt: 100, flushInterval: 30 });
      for (let i = 0; i < 3; i++) client.track({ userId: "u", event: String(i) });
      await within(
        "all of them",
        60_000,
        plane.until(() => plane.messages.length === 3),
      );
      await client.flush();
    });

    test("flush calls back, also with nothing to send, and from two places at a time", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      const [idle, whenIdle] = called();
      await client.flush(idle);
      assert.equal(await whenIdle, undefined);
      client.track({ userId: "u", event: "E" });
      const [one, whenOne] = called();
      const [two, whenTwo] = called();
      await Promise.all([client.flush(one), client.flush(two)]);
      assert.deepEqual([await whenOne, await whenTwo, plane.messages.length], [undefined, undefined, 1]);
    });

    test("a refusal is told to the callback and to errorHandler, and ends nothing", async () => {
      await using plane = await FakeDataPlane.start({ otherwise: 400 });
      const [errorHandler, whenHandled] = called();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url, errorHandler });
      const [callback, whenCalled, times] = called();
      client.track({ userId: "u", event: "Bad" }, callback);
      await client.flush();
      assert.ok((await whenCalled) instanceof Error);
      assert.ok((await whenHandled) instanceof Error);
      plane.otherwise(200);
      const [good, whenGood] = called();
      client.track({ userId: "u", event: "Good" }, good);
      await client.flush();
      assert.equal(await whenGood, undefined);
      assert.deepEqual([plane.messages.map(({ event }) => event), times()], [["Good"], 1]);
    });

    test("without errorHandler, flush rejects with the reason, and tells its callback", async () => {
      await using plane = await FakeDataPlane.start({ otherwise: 400 });
      plane.script(200);
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url });
      // The first message goes out by itself, and of the official SDK a rejection that nobody hears
      // would end the program.
      client.track({ userId: "u", event: "Good" });
      await client.flush();
      const [callback, whenCalled] = called();
      const [flushed, whenFlushed] = called();
      client.track({ userId: "u", event: "Bad" }, callback);
      await assert.rejects(client.flush(flushed), Error);
      assert.ok((await whenCalled) instanceof Error);
      assert.ok((await whenFlushed) instanceof Error);
    });

    test("enable: false sends nothing and calls back", async () => {
      await using plane = await FakeDataPlane.start();
      const client = new Client("k", { ...quiet, dataPlaneUrl: plane.url, enable: false });
      const [callback, whenCalled] = called();
      client.track({ userId: "u", event: "E" }, callback);
      const [flushed, whenFlushed] = called();
      await client.flush(flushed);
      assert.deepEqual([await whenCalled, await whenFlushed, plane.requests.length], [undefined, undefined, 0]);
    });

    test("maxInternalQueueSize bounds what waits; nothing throws", async () => {
      await using plane = await FakeDataPlane.start();
      const release: (() => void)[] = [];
      plane.otherwise(async () => {
        await new Promise<void>((resolve) => release.push(resolve));
        return 200;
      });
      const options = { ...quiet, dataPlaneUrl: plane.url, maxInternalQueueSize: 3, flushAt: 100 };
      const client = new Client("k", options);
      for (let i = 0; i < 10; i++) client.track({ userId: "u", event: String(i) });
      const flushed = client.flush();
      const open = setInterval(() => release.splice(0).forEach((each) => void each()), 5);
      await flushed;
      await client.flush();
      clearInterval(open);
      assert.ok(plane.messages.length >= 3 && plane.messages.length <= 4, `${plane.messages.length} of ten`);
    });
  });
}

describe("@pintle/sdk/rudder-sdk-node alone", () => {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };

  function client(options: constructorOptions): Analytics {
    return new Analytics("k", { ...options, pintle: { logger, ...options.pintle } });
  }

  test("is the default export, and what require() gives", async () => {
    const module = await import("@pintle/sdk/rudder-sdk-node");
    assert.equal(module.default, Analytics);
    // Not on runtimes whose require() does not know the name "module.exports".
    assert.equal(createRequire(import.meta.url)("@pintle/sdk/rudder-sdk-node"), Analytics);
  });

  test("flush sends everything, through failures that the official one gives up at", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script(503, "reset", 503, 503, 503);
    const analytics = client({ dataPlaneUrl: plane.url, flushAt: 2 });
    for (let i = 0; i < 9; i++) analytics.track({ userId: "u", event: String(i) });
    await analytics.flush();
    assert.deepEqual(
      plane.messages.map(({ event }) => event),
      Array.from({ length: 9 }, (_, i) => String(i)),
    );
    await analytics.pintle?.close();
  });

  test("has the options of Pintle, which go before the others; says which options mean nothing", async () => {
    await using plane = await FakeDataPlane.start();
    const warnings: string[] = [];
    const analytics = client({
      dataPlaneUrl: `${plane.url}/`,
      path: "/v1/batch/",
      retryCount: 3,
      axiosRetryConfig: {},
      flushAt: 5,
      pintle: {
        batchSize: 1,
        defaultContext: { app: { name: "shop" } },
        logger: { ...logger, warn: (text) => warnings.push(text) },
      },
    });
    analytics.track({ userId: "u", event: "0" }).track({ userId: "v", event: "1" });
    await analytics.flush();
    assert.deepEqual(
      plane.requests.map(({ messages, path }) => [messages.length, path]),
      [
        [1, "/v1/batch"],
        [1, "/v1/batch"],
      ],
    );
    assert.deepEqual((plane.messages[0]!.context as { app?: unknown }).app, { name: "shop" });
    assert.deepEqual(
      warnings.map((text) => /the option (\w+)/.exec(text)?.[1]),
      ["retryCount", "axiosRetryConfig"],
    );
  });

  test("a queue in Redis is refused with what to do instead", async () => {
    const [callback, when] = called();
    client({}).createPersistenceQueue({ redisOpts: {} }, callback);
    assert.match((await when)?.message ?? "", /durable/);
  });
});
