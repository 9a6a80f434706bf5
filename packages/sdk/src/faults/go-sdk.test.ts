/** Faults of RudderStack's Go SDK (analytics-go 4.2). Each test fails if Pintle had the fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Config, integrations, Pintle, properties } from "../index.ts";
import { FakeDataPlane, type ReceivedMessage, type ReceivedRequest } from "../testing/index.ts";

const quiet: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };

/** What a data plane gets when `send` has used a client with that configuration. */
async function received(send: (client: Pintle) => void, config: Config = {}): Promise<readonly ReceivedMessage[]> {
  await using plane = await FakeDataPlane.start();
  const client = new Pintle("key", plane.url, { logger: quiet, ...config });
  send(client);
  await client.close();
  return plane.messages;
}

function contextOf(message: ReceivedMessage | undefined): Record<string, unknown> {
  return message?.context as Record<string, unknown>;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}

describe("faults of the Go SDK", () => {
  test("DefaultContext is never applied", async () => {
    const [message, bare] = await received(
      (client) => {
        client.track({ userId: "u", event: "e", context: { app: { build: "7" }, locale: "de" } });
        client.track({ userId: "u", event: "e" });
      },
      { defaultContext: { app: { name: "shop", build: "1" }, locale: "en" } },
    );
    assert.deepEqual(contextOf(message).app, { name: "shop", build: "7" });
    assert.equal(contextOf(message).locale, "de");
    assert.deepEqual(contextOf(bare).app, { name: "shop", build: "1" });
    assert.equal(contextOf(bare).locale, "en");
  });

  test("the caller's context object is written to", async () => {
    for (const config of [{}, { defaultContext: { app: { build: "1" } } }]) {
      const context = { app: { name: "shop" } };
      const before = structuredClone({ context, config });
      const frozen = deepFreeze(structuredClone(context));
      const messages = await received((client) => {
        client.track({ userId: "u", event: "e", context });
        // A frozen object turns every write into a refusal.
        assert.ok(client.track({ userId: "u", event: "e", context: frozen }).accepted);
      }, config);
      assert.deepEqual({ context, config }, before);
      assert.equal(messages.length, 2);
      assert.ok("library" in contextOf(messages[0]), "what is added goes into a copy");
    }
  });

  test("SKU is encoded as `sky`", async () => {
    const [message] = await received((client) => {
      const products = properties().setSKU("S-1").setProducts({ sku: "S-2", price: 1 });
      client.track({ userId: "u", event: "e", properties: products });
    });
    assert.deepEqual(message?.properties, { sku: "S-1", products: [{ sku: "S-2", price: 1 }] });
  });

  test("a random anonymousId is put on each event", async () => {
    const messages = await received((client) => {
      client.track({ userId: "u", event: "e" });
      client.identify({ userId: "u" });
      client.track({ anonymousId: "a", event: "e" });
    });
    assert.deepEqual(messages.map((message) => ("anonymousId" in message ? message.anonymousId : "none")).sort(), [
      "a",
      "none",
      "none",
    ]);
  });

  test("400 is retried ten times", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: 400 });
    const client = new Pintle("key", plane.url, { logger: quiet });
    const outcome = client.track({ userId: "u", event: "e" }).delivered();
    await client.flush({ timeout: 2_000 });
    await client.close({ timeout: 0 });
    const ended = await outcome;
    assert.ok(ended.status === "dropped" && ended.reason === "rejected", JSON.stringify(ended));
    assert.equal(plane.requests.length, 1);
  });

  // That 401 is retried ten times is tested in long-times.test.ts, on virtual time.

  test("batches in backoff are dropped on Close", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script(503, 503, 503);
    const client = new Pintle("key", plane.url, { logger: quiet, interval: 0 });
    const failed = new Promise((resolve) => client.on("error", resolve));
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    await failed;
    const result = await client.close();
    assert.equal(result.pending, 0);
    assert.equal(plane.messages.length, 20);
    assert.equal(client.stats().delivered, 20);
  });

  test("sentAt is stale on a retry, or the messageId is new", async () => {
    await using plane = await FakeDataPlane.start();
    // The delay is longer than a millisecond, the unit of sentAt.
    plane.script({ status: 503, delay: 10 });
    const client = new Pintle("key", plane.url, { logger: quiet });
    client.track({ userId: "u", event: "e" });
    await client.close();
    const [first, second] = plane.requests.map(({ messages }) => messages[0]);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.messageId, second.messageId);
    assert.equal(first.originalTimestamp, second.originalTimestamp);
    assert.ok(String(first.sentAt) < String(second.sentAt), `${first.sentAt} and ${second.sentAt}`);
  });

  test("there is no Flush", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet, interval: "1h" });
    client.track({ userId: "u", event: "e" });
    assert.deepEqual(await client.flush(), { delivered: 1, dropped: 0, pending: 0 });
    assert.equal(plane.messages.length, 1);
    await client.close();
  });

  test("latitude 0 and false are left out", async () => {
    const context = { location: { latitude: 0, longitude: 0 }, network: { wifi: false }, direct: false, locale: "" };
    const [message] = await received((client) => {
      client.track({
        userId: "u",
        event: "e",
        context,
        integrations: integrations().disableAll(),
        properties: properties().setRevenue(0).setRepeat(false).setProducts({ id: "", price: 0 }),
      });
    });
    const { library: _, ...rest } = contextOf(message);
    assert.deepEqual(rest, context);
    assert.deepEqual(message?.integrations, { All: false });
    assert.deepEqual(message?.properties, { revenue: 0, repeat: false, products: [{ id: "", price: 0 }] });
  });

  test("on 451 some nodes get their messages twice and others never", async () => {
    await using plane = await FakeDataPlane.start({ nodes: 3 });
    // Grows from three nodes to five in the middle: from then on the old count is answered with
    // 451, as the proxy does.
    let nodes = 3;
    let answered = 0;
    plane.otherwise(({ headers }: ReceivedRequest) => {
      if (answered === 2) {
        nodes = 5;
        plane.nodes(5);
      }
      if (headers["rs-nodecount"] !== String(nodes)) return 451;
      answered += 1;
      return 200;
    });
    const client = new Pintle("key", plane.url, { logger: quiet, batchSize: 20, concurrency: 2 });
    for (let i = 0; i < 300; i++) client.track({ userId: `user-${i % 60}`, event: "e", properties: { i } });
    const result = await client.close({ timeout: 30_000 });
    assert.equal(result.pending, 0);

    const ids = plane.messages.map(({ messageId }) => messageId);
    assert.equal(new Set(ids).size, 300, "some were never delivered");
    assert.equal(ids.length, 300, "some were delivered twice");
    const statuses = plane.requests.map(({ status }) => status);
    assert.ok(statuses.includes(451), "the number of nodes changed on the way");
    for (const { headers } of plane.requests) {
      const { "rs-targetnode": target, "rs-nodecount": count, "rs-useragent": agent } = headers;
      assert.ok(Number(target) >= 0 && Number(target) < Number(count), `node ${target} of ${count}`);
      assert.equal(agent, "serverSDK");
    }
  });
});
