import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EventError } from "@pintle/events";
import { ConfigError, type Message, type Outcome, PintleError } from "./exports.ts";
import type { PintleEvents } from "./pintle-events.ts";
import type { StandardSchema } from "./plan/standard-schema.ts";
import { type ArrivedMessage, startVirtualClient as start } from "./simulation/virtual-client.ts";
import { version } from "./version.ts";

/** A logger that keeps its lines. */
function keepingLogger() {
  const lines: string[] = [];
  const keep =
    (level: string) =>
    (text: unknown): void =>
      void lines.push(`${level}: ${text}`);
  return { lines, logger: { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") } };
}

describe("what is sent", () => {
  test("the six calls send what enqueue sends, with their own fields and those that every message has", async () => {
    const { client, environment, messages } = start();
    const common = { userId: 7, anonymousId: "a", timestamp: new Date(0), integrations: { All: true } };
    const given = {
      identify: { ...common, traits: { name: "N" } },
      track: { ...common, event: "Paid", properties: { amount: 0 } },
      page: { ...common, name: "Home", category: "Shop", properties: { url: "/" } },
      screen: { ...common, name: "Home", category: "Shop", properties: { dark: false } },
      group: { ...common, groupId: 12, traits: { size: 3 } },
      alias: { ...common, previousId: 6, traits: { plan: "Free" } },
    };
    client.identify(given.identify);
    client.track(given.track);
    client.page(given.page);
    client.screen(given.screen);
    client.group(given.group);
    client.alias(given.alias);
    for (const [type, fields] of Object.entries(given)) client.enqueue({ type, ...fields } as unknown as Message);
    await environment.until(client.close());

    const ids = new Set(messages.map(({ messageId }) => messageId));
    assert.equal(ids.size, 12);
    const now = new Date(environment.wallOffset).toISOString();
    const sent = messages.map(({ messageId, sentAt, ...rest }) => rest);
    const own = Object.entries(given).map(([type, fields]) => ({
      ...JSON.parse(JSON.stringify(fields)),
      ...("groupId" in fields ? { groupId: "12" } : {}),
      ...("previousId" in fields ? { previousId: "6" } : {}),
      type,
      userId: "7",
      channel: "server",
      originalTimestamp: now,
      context: { library: { name: "@pintle/sdk", version } },
    }));
    assert.deepEqual(sent, [...own, ...own]);
  });

  test("one request to /v1/batch, with the headers of the contract", async () => {
    const { client, environment, requests } = start({ gzip: false });
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    await environment.until(client.flush());
    client.track({ userId: 1, event: "e" });
    await environment.until(client.close());
    assert.equal(requests.length, 2, "a flush is one request");
    for (const { method, url } of requests) {
      assert.equal(`${method} ${url}`, "POST https://data.example.com/v1/batch");
    }
    const { AnonymousId, ...headers } = requests[0]!.headers;
    assert.deepEqual(headers, {
      Authorization: `Basic ${Buffer.from("wk_secret:").toString("base64")}`,
      "Content-Type": "application/json",
      "User-Agent": `pintle-sdk/${version} (virtual/1)`,
      "RS-targetNode": "0",
      "RS-nodeCount": "1",
      "RS-userAgent": "serverSDK",
    });
    assert.ok(AnonymousId);
    assert.equal(requests[1]!.headers.AnonymousId, AnonymousId, "a constant of the client");
  });

  test("bodies from 1 KB on are compressed, unless gzip is off or fails", async () => {
    const encodings: (string | undefined)[] = [];
    for (const { gzip, text, fails } of [
      { gzip: true, text: "x".repeat(2_000), fails: false },
      { gzip: true, text: "x", fails: false },
      { gzip: false, text: "x".repeat(2_000), fails: false },
      { gzip: true, text: "x".repeat(2_000), fails: true },
    ]) {
      const { client, environment, requests, messages } = start({ gzip });
      if (fails) environment.gzip = () => Promise.reject(new Error("no CompressionStream"));
      client.track({ userId: 1, event: "e", properties: { text } });
      await environment.until(client.close());
      assert.equal(messages.length, 1);
      encodings.push(requests[0]?.headers["Content-Encoding"]);
    }
    assert.deepEqual(encodings, ["gzip", undefined, undefined, undefined]);
  });

  test("without nodeAware, nothing is said of nodes", async () => {
    const { client, environment, requests } = start({ nodeAware: false });
    client.track({ userId: 1, event: "e" });
    await environment.until(client.close());
    assert.deepEqual(
      Object.keys(requests[0]!.headers).filter((name) => name.startsWith("RS-")),
      [],
    );
  });

  test("a flush starts when `interval` has passed since the oldest message, or when a batch is full", async () => {
    const { client, environment, requests } = start({ interval: 5_000, batchSize: 3 });
    client.track({ userId: 1, event: "e" });
    await environment.advance(3_000);
    client.track({ userId: 2, event: "e" });
    await environment.advance(1_999);
    assert.equal(requests.length, 0);
    await environment.advance(1);
    assert.equal(requests.length, 1);
    for (let i = 0; i < 3; i++) client.track({ userId: i, event: "e" });
    await environment.advance(0);
    assert.equal(requests.length, 2);
    await environment.until(client.close());
  });

  test("the message is a snapshot, and the caller's objects stay as they are", async () => {
    const { client, environment, messages } = start({ defaultContext: { app: { name: "shop" } } });
    const message = {
      userId: "1",
      event: "Paid",
      properties: { items: [{ id: 1 }] },
      context: { app: { build: "7" } },
    };
    const before = structuredClone(message);
    client.track(message);
    assert.deepEqual(message, before);
    message.event = "Changed";
    message.properties.items.push({ id: 2 });
    message.context.app.build = "8";
    await environment.until(client.close());
    assert.equal(messages[0]?.event, "Paid");
    assert.deepEqual(messages[0]?.properties, { items: [{ id: 1 }] });
    assert.deepEqual((messages[0]?.context as ArrivedMessage | undefined)?.app, { name: "shop", build: "7" });
  });
});

describe("receipts", () => {
  test("say at once whether the message was taken, and on request how it ends", async () => {
    const { client, environment } = start({}, ({ batch }) => ({
      status: batch.some(({ event }) => event === "bad") ? 400 : 200,
    }));
    const good = client.track({ userId: 1, event: "good" });
    const bad = client.track({ userId: 2, event: "bad" });
    const own = client.track({ userId: 3, event: "good", messageId: "mine" });
    const refused = client.track({ userId: "", event: "good", messageId: "theirs" });
    assert.deepEqual([good.accepted, bad.accepted, own.accepted, refused.accepted], [true, true, true, false]);
    assert.equal(own.messageId, "mine");
    assert.equal(refused.messageId, "theirs");
    assert.equal("error" in good, false);
    assert.ok(refused.error instanceof EventError);
    assert.match(refused.error.message, /track.*userId.*""/);

    const asked = [good.delivered(), good.delivered(), bad.delivered(), own.delivered(), refused.delivered()];
    await environment.until(client.close());
    const outcomes = (await Promise.all(asked)).map((outcome: Outcome) =>
      outcome.status === "delivered" ? outcome.status : `${outcome.status} ${outcome.reason}`,
    );
    assert.deepEqual(outcomes, ["delivered", "delivered", "dropped rejected", "delivered", "refused invalid"]);
    assert.deepEqual(await good.delivered(), { status: "delivered" }, "also when asked afterwards");
  });

  test("strict: the call throws what the receipt would have said, and the refusal is counted and told", () => {
    const { client } = start({ strict: true });
    const told: unknown[] = [];
    client.on("refused", ({ error }) => told.push(error));
    assert.throws(
      () => client.track({ userId: "", event: "e" }),
      (error) => error === told[0] && error instanceof EventError,
    );
    assert.equal(client.stats().refused.invalid, 1);
  });

  test("whatever is given, a client that is not strict throws nothing", () => {
    const { client } = start();
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("no");
        },
      },
    );
    const throwing = {
      toJSON() {
        throw null;
      },
    };
    for (const given of [undefined, null, 5, "x", [], hostile, Symbol("s"), () => {}]) {
      assert.equal(client.enqueue(given as never).accepted, false);
      assert.equal(client.track(given as never).accepted, false);
    }
    assert.equal(client.track({ userId: 1, event: "e", properties: { throwing } }).accepted, false);
    assert.equal(client.stats().refused.invalid, 17);
  });

  test("after close every call is refused", async () => {
    const { client, environment } = start();
    await environment.until(client.close());
    const receipt = client.track({ userId: 1, event: "e" });
    assert.ok(receipt.error instanceof PintleError && receipt.error.code === "PINTLE_CLIENT_CLOSED");
    assert.equal(client.stats().refused.closed, 1);
  });
});

describe("beforeSend", () => {
  const paid = { userId: "1", event: "Paid", properties: { card: "4111" } };

  test("gets a copy of the message as it would be sent, and what it returns is sent", async () => {
    const seen: Message[] = [];
    const { client, environment, messages } = start({
      defaultContext: { ip: "192.0.2.1" },
      beforeSend(message) {
        seen.push(structuredClone(message));
        delete (message as { properties?: Record<string, unknown> }).properties?.card;
        return { ...message, messageId: "new id", context: {} };
      },
    });
    const receipt = client.track(paid);
    assert.equal(receipt.messageId, "new id");
    await environment.until(client.close());
    assert.equal(seen[0]?.type, "track");
    assert.equal(seen[0]?.context?.ip, "192.0.2.1");
    assert.deepEqual(paid.properties, { card: "4111" });
    assert.deepEqual(messages[0]?.properties, {});
    assert.equal(messages[0]?.messageId, "new id");
    assert.deepEqual(Object.keys(messages[0]?.context ?? {}), ["library"], "what it took out stays out");
  });

  for (const [what, beforeSend, reason] of [
    ["null refuses as filtered", () => null, "filtered"],
    [
      "a throw refuses as before_send",
      () => {
        throw new Error("mine");
      },
      "before_send",
    ],
    [
      "a promise refuses as before_send, and its rejection ends nothing",
      async () => Promise.reject(new Error("mine")),
      "before_send",
    ],
    ["a message that breaks a rule is refused as invalid", () => ({ type: "track", userId: "1" }), "invalid"],
    ["so is what is no message", () => undefined, "invalid"],
  ] as const) {
    test(what, async () => {
      const { client, environment, requests } = start({ beforeSend: beforeSend as never });
      const outcome = await client.track(paid).delivered();
      assert.ok(outcome.status === "refused");
      assert.equal(outcome.reason, reason);
      await environment.until(client.close());
      assert.equal(requests.length, 0);
    });
  }
});

test("a plan refuses a message that its validator refuses, and says in which field", () => {
  const positive: StandardSchema<ArrivedMessage> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        const properties = value as ArrivedMessage;
        if (Number(properties.revenue) >= 0) return { value: properties };
        return { issues: [{ message: "negative", path: ["revenue"] }] };
      },
    },
  };
  const { client } = start({ plan: { Ordered: positive } });
  assert.equal(client.track({ userId: 1, event: "Ordered", properties: { revenue: 1 } }).accepted, true);
  assert.equal(client.track({ userId: 1, event: "Other", properties: { revenue: -1 } }).accepted, true);
  const { error } = client.track({ userId: 1, event: "Ordered", properties: { revenue: -1 } });
  assert.ok(error instanceof PintleError && error.code === "PINTLE_MESSAGE_NOT_IN_PLAN");
  assert.match(error.message, /^track "Ordered": properties\.revenue: negative;/);
});

describe("events", () => {
  test("tell of every end with its reason, and off takes a listener back", async () => {
    const { client, environment } = start({ maxAge: 60_000 }, ({ batch }) => ({
      status: batch.some(({ event }) => event === "bad")
        ? 400
        : batch.some(({ event }) => event === "late")
          ? 401
          : 200,
    }));
    const told: string[] = [];
    const unwanted = (): void => assert.fail("was taken back");
    client.on("delivered", unwanted).off("delivered", unwanted);
    client.on("delivered", ({ messageIds }) => told.push(`delivered ${messageIds}`));
    client.on("dropped", ({ message, reason, error }) => told.push(`${reason} ${message.messageId} ${error.status}`));
    client.on("refused", ({ messageId, reason }) => told.push(`refused ${reason} ${messageId}`));
    client.on("error", ({ code, status }) => told.push(`error ${code} ${status}`));
    client.track({ userId: "", event: "e", messageId: "1" });
    client.track({ userId: "u", event: "e", messageId: "2" });
    await environment.until(client.flush());
    client.track({ userId: "v", event: "bad", messageId: "3" });
    client.track({ userId: "u", event: "e", messageId: "4" });
    await environment.until(client.flush());
    client.track({ userId: "u", event: "late", messageId: "5" });
    await environment.until(client.flush({ timeout: "2m" }));
    assert.deepEqual(
      told.filter((line) => !line.startsWith("error")),
      ["refused invalid 1", "delivered 2", "delivered 4", "rejected 3 400", "expired 5 undefined"],
    );
    assert.ok(told.includes("error PINTLE_SEND_HELD 401"));
    await environment.until(client.close());
  });

  test("once tells of the next one alone, and off takes it back before", () => {
    const { client } = start();
    const told: string[] = [];
    const never = (): void => void told.push("never");
    client.once("accepted", ({ message }) => told.push(message.messageId)).once("accepted", never);
    client.off("accepted", never);
    client.track({ userId: "1", event: "a", messageId: "m1" });
    client.track({ userId: "1", event: "a", messageId: "m2" });
    assert.deepEqual(told, ["m1"]);
  });

  test("an event that there is not, and a listener that is no function, are errors", () => {
    const { client } = start();
    for (const method of ["on", "once"] as const) {
      assert.throws(
        () => client[method]("delivred" as never, () => {}),
        /^ConfigError: event is "delivred", allowed is one of accepted, delivered, dropped, refused, error; correct the option$/,
      );
      assert.throws(() => client[method]("toString" as never, () => {}), ConfigError);
      assert.throws(
        () => client[method]("error", undefined as never),
        /^ConfigError: listener is missing, allowed is a function/,
      );
    }
  });

  test("a listener that throws or rejects harms nobody, and is logged", async () => {
    const { lines, logger } = keepingLogger();
    const { client, environment, messages } = start({ logger });
    let others = 0;
    const events: readonly (keyof PintleEvents)[] = ["delivered", "refused"];
    for (const event of events) {
      client.on(event, () => {
        throw new Error(`thrown at ${event}`);
      });
      client.on(event, async () => Promise.reject(new Error(`rejected at ${event}`)));
      client.on(event, () => void others++);
    }
    client.track({ userId: "", event: "e" });
    client.track({ userId: "u", event: "e" });
    assert.deepEqual(await environment.until(client.close()), { delivered: 1, dropped: 0, pending: 0 });
    assert.equal(messages.length, 1);
    assert.equal(others, 2);
    assert.ok(lines.some((line) => line.includes('a listener of "delivered" failed: Error (19 characters)')));
  });
});

describe("the log", () => {
  test("a repeated problem is logged once in a minute, with how often it came", async () => {
    const { lines, logger } = keepingLogger();
    const { client, environment } = start({ logger });
    for (let i = 0; i < 100; i++) client.track({ userId: "", event: "e" });
    assert.equal(lines.length, 1);
    await environment.advance(60_000);
    client.track({ userId: "", event: "e" });
    assert.equal(lines.length, 2);
    assert.match(lines[1]!, /\(99 more since it was last reported\)$/);
    await environment.until(client.close());
  });

  test("a held key is reported once and clearly; neither key nor body is ever logged or told", async () => {
    const { lines, logger } = keepingLogger();
    const { client, environment } = start({ logger, verbose: true, maxAge: "50s" }, () => ({
      status: 401,
      body: "no source has the write key wk_secret\n",
    }));
    const errors: string[] = [];
    client.on("error", ({ message }) => errors.push(message));
    client.on("dropped", ({ error }) => errors.push(error.message));
    for (let i = 0; i < 10; i++) client.track({ userId: "u", event: "e", properties: { card: "4111-1111" } });
    client.track({ userId: "", event: "e", properties: { card: "4111-1111" } });
    await environment.until(client.flush({ timeout: "5m" }));
    const told = lines.length;
    await environment.until(client.close());
    // What has been held back.
    assert.match(lines.splice(told).join("\n"), /answered 401 .* \(\d+ more since it was last reported\)$/m);
    const reports = lines.filter((line) => line.includes("401") && !line.startsWith("debug"));
    assert.equal(reports.length, 1, reports.join("\n"));
    assert.match(
      reports[0]!,
      /^error: pintle: the data plane answered 401 "no source has the write key \[write key\]"; check the write key/,
    );
    assert.ok(errors.length > 0);
    for (const text of [...lines, ...errors]) assert.doesNotMatch(text, /wk_secret|4111/);
  });

  test("no value of a message is logged, whatever it is refused for; kind and length are, and the receipt has it", async () => {
    const canary = "canary@example.com";
    const quoting = (what: string) => () => {
      throw new TypeError(`${what} ${canary}`);
    };
    const cycle: Record<string, unknown> = {};
    cycle[canary] = cycle;
    const plan = {
      Planned: {
        "~standard": {
          version: 1 as const,
          vendor: "test",
          validate: () => ({ issues: [{ message: `got ${canary}`, path: [canary] }] }),
        },
      },
    };
    const faults: readonly [config: object, message: object, logged: RegExp, told?: RegExp][] = [
      [{}, { type: canary, userId: "u" }, /event: type is a string of 18 characters; use one of/],
      [{}, { type: "track", userId: { [canary]: 1 }, event: "e" }, /track: userId is an object; give/],
      [{}, { type: "track", userId: "u", event: "" }, /track: event is an empty string; give/, /event is ""/],
      [{}, { type: "track", userId: "u", event: [canary] }, /track: event is an array; /],
      [{}, { type: "identify", userId: "u", traits: canary }, /identify: traits is a string of 18 characters; /],
      [{}, { type: "track", userId: "u", event: "e", timestamp: canary }, /timestamp is a string of 18 characters; /],
      [
        {},
        { type: "track", userId: "u", event: "e", properties: cycle },
        /cannot be encoded: TypeError \(\d+ characters\)/,
      ],
      [
        {},
        Object.defineProperty({ type: "track" }, "userId", { get: quoting("no") }),
        /cannot be read: TypeError \(21 char/,
      ],
      [
        { beforeSend: quoting("no") },
        { type: "track", userId: "u", event: "e" },
        /beforeSend threw: TypeError \(21 char/,
      ],
      [
        { plan },
        { type: "track", userId: "u", event: "Planned" },
        /track "Planned" is not as planned \(22 characters\)/,
      ],
    ];
    for (const [config, message, logged, told = /canary@example\.com/] of faults) {
      const { lines, logger } = keepingLogger();
      const { client, environment } = start({ logger, verbose: true, ...config });
      const { error } = client.enqueue(message as never);
      assert.match(error?.message ?? "", told);
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, logged);
      assert.doesNotMatch(lines.join("\n"), /canary/);
      await environment.until(client.close());
    }
  });

  test("an answer that quotes the body is logged by its length, and told whole", async () => {
    for (const status of [400, 413, 422, 501]) {
      const { lines, logger } = keepingLogger();
      const { client, environment } = start({ logger, verbose: true, maxAge: "50s" }, (request) => ({
        status: JSON.stringify(request).includes("well") ? 200 : status,
        body: 'unexpected token in {"userId":"canary@example.com"',
      }));
      const errors: string[] = [];
      client.on("error", ({ message }) => errors.push(message));
      client.on("dropped", ({ error }) => errors.push(error.message));
      client.track({ userId: "u", event: "e", properties: { email: "canary@example.com" } });
      await environment.until(client.flush({ timeout: "5m" }));
      await environment.until(client.close());
      assert.match(lines.join("\n"), new RegExp(`${status} \\(in 50 characters\\); `));
      assert.doesNotMatch(lines.join("\n"), /canary/);
      assert.match(errors.join("\n"), /canary@example\.com/);
    }
  });

  test("a listener and a callback that quote a message are logged by what they threw", async () => {
    const { lines, logger } = keepingLogger();
    const { client, environment } = start({ logger });
    client.on("refused", ({ message }) => {
      throw new Error(JSON.stringify(message));
    });
    client.track({ userId: "", event: "canary@example.com" });
    await environment.until(client.close());
    assert.match(lines.join("\n"), /a listener of "refused" failed: Error \(\d+ characters\)/);
    assert.doesNotMatch(lines.join("\n"), /canary/);
  });

  test("verbose tells of each request; otherwise a client that is well logs nothing", async () => {
    for (const verbose of [true, false]) {
      const { lines, logger } = keepingLogger();
      const { client, environment } = start({ logger, verbose });
      client.track({ userId: "u", event: "e" });
      await environment.until(client.close());
      assert.deepEqual(lines, verbose ? ["debug: pintle: a request with 1 messages ended: status 200"] : []);
    }
  });

  test("a logger that throws harms nobody", async () => {
    const fail = (): never => {
      throw new Error("disk full");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const { client, environment } = start({ logger, verbose: true });
    assert.equal(client.track({ userId: "", event: "e" }).accepted, false);
    client.track({ userId: "u", event: "e" });
    assert.deepEqual(await environment.until(client.close()), { delivered: 1, dropped: 0, pending: 0 });
  });
});

describe("flush and close", () => {
  test("concurrent flushes share the work; each counts what was accepted before it", async () => {
    const { client, environment, requests } = start();
    client.track({ userId: 1, event: "e" });
    const first = client.flush();
    client.track({ userId: 2, event: "e" });
    const [one, two] = await environment.until(Promise.all([first, client.flush()]));
    assert.deepEqual([one.delivered, two.delivered], [1, 2]);
    assert.equal(requests.length, 1);
    await environment.until(client.close());
  });

  test("a flush ends by its time or its signal, and what is queued stays queued", async () => {
    const { client, environment } = start({}, () => "reset");
    client.track({ userId: 1, event: "e" });
    const began = environment.time;
    assert.deepEqual(await environment.until(client.flush({ timeout: 700 })), { delivered: 0, dropped: 0, pending: 1 });
    assert.equal(environment.time - began, 700);
    const controller = new AbortController();
    const flush = client.flush({ timeout: "1h", signal: controller.signal });
    await environment.advance(500);
    controller.abort();
    assert.deepEqual(await flush, { delivered: 0, dropped: 0, pending: 1 });
    assert.deepEqual(await client.flush({ signal: AbortSignal.abort() }), { delivered: 0, dropped: 0, pending: 1 });
    assert.equal(client.stats().pending, 1);
    await environment.until(client.close());
  });

  test("options that make no sense do not make them reject, and are told", async () => {
    const { lines, logger } = keepingLogger();
    const { client, environment } = start({ logger });
    const told: string[] = [];
    client.on("error", (error) =>
      told.push(error instanceof ConfigError ? `${error.option} ${error.value}` : error.code),
    );
    client.track({ userId: 1, event: "e" });
    assert.equal((await environment.until(client.flush({ timeout: "soon" as never }))).delivered, 1);
    assert.equal((await environment.until(client.flush(null as never))).delivered, 0);
    assert.equal((await environment.until(client.close(null as never))).delivered, 0);
    assert.deepEqual(told, ["flush({ timeout }) soon"]);
    assert.match(lines[0] ?? "", /flush\({ timeout }\) is "soon", allowed is milliseconds, or a text such as "30s"/);
  });

  test("both hold the program while they wait, and not longer", async () => {
    const { client, environment } = start({}, () => "reset");
    client.track({ userId: 1, event: "e" });
    const flush = client.flush({ timeout: 100 });
    assert.equal(environment.holds, 1);
    await environment.until(flush);
    assert.equal(environment.holds, 0);
    const close = client.close({ timeout: 100 });
    assert.equal(environment.holds, 1);
    await environment.until(close);
    assert.equal(environment.holds, 0);
    assert.deepEqual(client.stats().dropped.abandoned, 1);
  });

  for (const [what, end] of [
    ["a close", "close"],
    ["the end of a program", "drain"],
  ] as const) {
    test(`${what} tries what waits for a retry, too, and does not wait out its backoff`, async () => {
      let isWell = false;
      const { client, environment, messages } = start({ interval: 0 }, () => (isWell ? {} : { status: 401 }));
      client.track({ userId: 1, event: "e" });
      await environment.advance(1_000);
      assert.equal(client.stats().requests, 1, "held");
      isWell = true;
      const [resident] = environment.residents;
      const began = environment.time;
      await environment.until<unknown>(end === "close" ? client.close() : resident!.drain());
      assert.equal(messages.length, 1);
      assert.equal(environment.time, began);
      await environment.until(client.close());
    });
  }

  test("`await using` closes at the end of the block", async () => {
    const { client, messages } = start();
    {
      await using shortLived = client;
      shortLived.track({ userId: 1, event: "e" });
    }
    assert.equal(messages.length, 1);
    assert.equal(client.track({ userId: 1, event: "e" }).accepted, false);
  });
});

test("stats count requests, and repeats among them", async () => {
  let asked = 0;
  const { client, environment } = start({}, () => (asked++ < 2 ? { status: 503 } : {}));
  client.track({ userId: 1, event: "e" });
  await environment.until(client.flush());
  assert.deepEqual(client.stats(), {
    offered: 1,
    accepted: 1,
    refused: { invalid: 0, too_large: 0, filtered: 0, before_send: 0, queue_full: 0, disabled: 0, closed: 0 },
    delivered: 1,
    dropped: { evicted: 0, rejected: 0, expired: 0, abandoned: 0 },
    pending: 0,
    bytes: 0,
    inFlight: 0,
    requests: 3,
    retries: 2,
  });
  await environment.until(client.close());
});

describe("ready", () => {
  for (const overflow of ["drop-newest", "drop-oldest"] as const) {
    test(`many who wait for it lose nothing (${overflow})`, async () => {
      const { client, environment, messages } = start({ overflow, maxQueueBytes: 2_000, maxMessageBytes: 500 });
      async function produce(userId: number): Promise<void> {
        for (let n = 0; n < 50; n++) {
          await client.ready();
          client.track({ userId, event: "e", properties: { n } });
          assert.ok(client.stats().bytes <= 2_000);
        }
      }
      await environment.until(Promise.all([1, 2, 3, 4, 5].map(produce)));
      await environment.until(client.close());
      assert.equal(messages.length, 250);
      assert.equal(client.stats().delivered, 250);
    });
  }

  test("a program that waits for room is held", async () => {
    const { client, environment } = start({ maxQueueBytes: 500 }, () => "reset");
    client.track({ userId: 1, event: "e", properties: { text: "x".repeat(200) } });
    const ready = client.ready();
    assert.equal(environment.holds, 1);
    await environment.until(client.close({ timeout: 0 }));
    await ready;
    assert.equal(environment.holds, 0);
  });
});

describe("waitUntil", () => {
  test("is given a promise whenever messages begin to wait, which resolves when none does", async () => {
    const given: { settled: boolean }[] = [];
    const { client, environment } = start({
      waitUntil(promise) {
        const state = { settled: false };
        given.push(state);
        void promise.then(() => {
          state.settled = true;
        });
      },
    });
    client.track({ userId: 1, event: "e" });
    client.track({ userId: 2, event: "e" });
    await environment.advance(4_999);
    assert.deepEqual(given, [{ settled: false }]);
    await environment.advance(1);
    assert.deepEqual(given, [{ settled: true }]);
    client.track({ userId: 3, event: "e" });
    assert.equal(given.length, 2);
    await environment.until(client.close());
  });

  test("a throw of it harms nobody", async () => {
    const { client, environment, messages } = start({
      waitUntil() {
        throw new Error("no request is under way");
      },
    });
    const errors: PintleError[] = [];
    client.on("error", (error) => errors.push(error));
    client.track({ userId: 1, event: "e" });
    await environment.until(client.close());
    assert.equal(messages.length, 1);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["PINTLE_OPTION_FAILED"],
    );
  });
});

describe("what programs give as ids, times and depths", () => {
  test("is sent in the form that they mean", async () => {
    const { client, environment, messages } = start();
    const moment = { toISOString: () => "2026-11-23T09:30:00.000Z", toJSON: () => "2026-11-23T09:30:00.000Z" };
    const given = { userId: 9007199254740993n, event: "e", timestamp: moment, messageId: "\u200b " };
    const receipt = client.track(given as unknown as Parameters<typeof client.track>[0]);
    assert.equal(receipt.error, undefined);
    await environment.until(client.close());
    const [message] = messages;
    assert.deepEqual([message?.userId, message?.timestamp], ["9007199254740993", "2026-11-23T09:30:00.000Z"]);
    // The data plane would give one that nobody sees a new id at each attempt.
    assert.match(receipt.messageId, /^[0-9a-f-]{36}$/);
    assert.equal(message?.messageId, receipt.messageId);
  });

  test("is refused where it is nested deeper than a data plane reads", async () => {
    const nested = (levels: number): object => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
    for (const defaultContext of [undefined, { locale: "de" }]) {
      const { client, environment } = start({ defaultContext });
      for (const field of ["properties", "context", "integrations", "traits"]) {
        // The event and its field are two levels more; braces in a text are none.
        const offer = (levels: number) =>
          client.enqueue({
            type: "track",
            userId: "1",
            event: "e",
            [field]: { b: "[".repeat(600), a: nested(levels) },
          });
        assert.equal(offer(508).error, undefined, field);
        assert.equal(offer(509).error?.code, "PINTLE_MESSAGE_TOO_DEEP", field);
        assert.equal(offer(100_000).error?.code, "PINTLE_MESSAGE_TOO_DEEP", `${field}, deeper than the stack`);
      }
      await environment.until(client.close());
    }
  });
});

describe("the transport of a client that is closed", () => {
  test("is told, whoever gave it, and may fail", async () => {
    const told: string[] = [];
    const transport = Object.assign(async () => ({ status: 200, headers: {}, body: "ok" }), {
      close() {
        told.push("closed");
        throw new Error("mine");
      },
    });
    const { client, environment } = start({ transport });
    client.track({ userId: "1", event: "e" });
    assert.equal((await environment.until(client.close())).delivered, 1);
    assert.deepEqual(told, ["closed"]);
  });

  test("may be one that cannot be loaded", async () => {
    const { client, environment } = start();
    Object.assign(environment, { loadTransport: () => Promise.reject(new Error("no such module")) });
    client.track({ userId: "1", event: "e" });
    assert.deepEqual(await environment.until(client.close({ timeout: 100 })), { delivered: 0, dropped: 1, pending: 0 });
  });
});
