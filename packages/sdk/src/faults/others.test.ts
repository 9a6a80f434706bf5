/** Faults of other SDKs for customer events. Each test fails if Pintle had the fault. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Config, Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/index.ts";

const quiet: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };

describe("faults of other SDKs", () => {
  test("sizes are counted by a regular expression, not in UTF-8 bytes", async () => {
    await using plane = await FakeDataPlane.start();
    const maxBatchBytes = 4_096;
    const maxMessageBytes = 1_024;
    const client = new Pintle("key", plane.url, { logger: quiet, maxBatchBytes, maxMessageBytes, interval: "1h" });
    const texts = fc.sample(
      fc.string({ unit: "binary", maxLength: 400 }).map((text) => text.repeat(2)),
      { numRuns: 300, seed: 20261123 },
    );
    // Each is close to the limit in characters, and far from it in bytes.
    texts.push("x".repeat(700), "ä".repeat(700), "€".repeat(500), "😀".repeat(350), "\ud800".repeat(200));
    const accepted = texts.map((text) => client.track({ userId: "u", event: "e", properties: { text } }).accepted);
    await client.close();

    const encoder = new TextEncoder();
    for (const { text } of plane.requests) assert.ok(encoder.encode(text).length <= maxBatchBytes);
    const sizes = plane.messages.map((message) => encoder.encode(JSON.stringify(message)).length);
    assert.ok(
      sizes.every((size) => size <= maxMessageBytes),
      `${Math.max(...sizes)}`,
    );
    // Exact in the other direction, too: what was refused would have been over the limit.
    const [smallest] = plane.messages;
    assert.ok(smallest !== undefined);
    texts.forEach((text, i) => {
      const size = encoder.encode(JSON.stringify({ ...smallest, properties: { text } })).length;
      assert.equal(accepted[i], size <= maxMessageBytes, `${size} bytes: ${JSON.stringify(text).slice(0, 40)}`);
    });
  });

  test("2,000 sockets are opened against a hung server", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    const client = new Pintle("key", plane.url, { logger: quiet, batchSize: 1, interval: 0, timeout: 40 });
    for (let i = 0; i < 2_000; i++) client.track({ userId: i, event: "e" });
    // Until attempts have timed out and others have followed.
    await plane.until(() => plane.requests.length > 4);
    assert.ok(plane.connections.most <= 4, `${plane.connections.most} connections at one time`);
    await client.close({ timeout: 0 });
  });

  test("200 requests are sent at the instant a Retry-After ends", async () => {
    await using plane = await FakeDataPlane.start();
    const waited = 900;
    let firstAt: number | undefined;
    let underWay = 0;
    const underWayAtArrival: number[] = [];
    plane.otherwise(async ({ at }) => {
      firstAt ??= at;
      if (at < firstAt + waited) return { status: 429, retryAfter: 1 };
      underWayAtArrival.push(underWay++);
      // Long enough for others to come, if they did not wait for this answer.
      await new Promise((resolve) => setTimeout(resolve, 50));
      underWay -= 1;
      return 200;
    });
    const client = new Pintle("key", plane.url, { logger: quiet, batchSize: 1, interval: 0, concurrency: 8 });
    for (let i = 0; i < 50; i++) client.track({ userId: i, event: "e" });
    assert.equal((await client.flush({ timeout: 60_000 })).pending, 0);
    const early = plane.requests.filter(({ at }) => at < firstAt! + waited);
    assert.ok(early.length <= 8, `${early.length} requests before the Retry-After was over`);
    // One probe; the second request comes after its answer, and the number grows from there.
    assert.deepEqual(underWayAtArrival.slice(0, 2), [0, 0], underWayAtArrival.join(" "));
    assert.ok(Math.max(...underWayAtArrival) < 8);
    await client.close();
  });

  for (const overflow of ["drop-newest", "drop-oldest"] as const) {
    test(`an overflow is silent (${overflow})`, async () => {
      await using plane = await FakeDataPlane.start({ otherwise: "hang" });
      const config: Config = { logger: quiet, overflow, maxQueueBytes: 20_000, batchSize: 5, concurrency: 1 };
      const client = new Pintle("key", plane.url, config);
      const told: string[] = [];
      client.on("refused", ({ reason }) => told.push(reason));
      client.on("dropped", ({ reason }) => told.push(reason));
      const receipts = Array.from({ length: 300 }, (_, i) => client.track({ userId: i, event: "e" }));
      const { offered, accepted, refused, dropped, bytes, pending } = client.stats();
      assert.equal(offered, 300);
      assert.ok(bytes <= 20_000);
      const lost = overflow === "drop-newest" ? refused.queue_full : dropped.evicted;
      assert.ok(lost > 0);
      assert.equal(lost, 300 - pending);
      assert.deepEqual(told, Array(lost).fill(overflow === "drop-newest" ? "queue_full" : "evicted"));
      assert.equal(receipts.filter((receipt) => receipt.accepted).length, accepted);
      await client.close({ timeout: 0 });
    });
  }

  test("one 413 halves the batch for ever", async () => {
    await using plane = await FakeDataPlane.start();
    plane.otherwise(({ messages }) => (messages.some(({ event }) => event === "bad") ? 413 : 200));
    const client = new Pintle("key", plane.url, { logger: quiet, interval: "1h", batchSize: 64 });
    const bad = client.track({ userId: 1, event: "bad" });
    for (let i = 0; i < 63; i++) client.track({ userId: i, event: "good" });
    await client.flush({ timeout: 30_000 });
    assert.deepEqual(client.stats().dropped, { evicted: 0, rejected: 1, expired: 0, abandoned: 0 });
    assert.equal((await bad.delivered()).status, "dropped");
    assert.equal(plane.messages.length, 63);

    const before = plane.requests.length;
    for (let i = 0; i < 64; i++) client.track({ userId: i, event: "good" });
    await client.flush({ timeout: 30_000 });
    assert.deepEqual(
      plane.requests.slice(before).map(({ messages }) => messages.length),
      [64],
    );
    await client.close();
  });

  test("304, and whatever is not 2xx, is taken for success", async () => {
    for (const status of [304, 302, 401, 404, 501]) {
      await using plane = await FakeDataPlane.start();
      plane.script(status);
      const client = new Pintle("key", plane.url, { logger: quiet, interval: 0 });
      const receipt = client.track({ userId: "u", event: "e" });
      await plane.until(() => plane.requests[0]?.status === status);
      assert.equal(client.stats().delivered, 0, `${status}`);
      // Closing does not wait out the backoff.
      await client.close();
      assert.equal((await receipt.delivered()).status, "delivered");
      assert.equal(plane.messages.length, 1);
    }
  });

  test("an event that cannot be encoded is reported as delivered", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet });
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const throwing = {
      get boom(): never {
        throw new Error("boom");
      },
    };
    const delivered: string[] = [];
    client.on("delivered", ({ messageIds }) => delivered.push(...messageIds));
    for (const properties of [{ big: 1n }, cycle, throwing]) {
      const receipt = client.track({ userId: "u", event: "e", properties });
      assert.equal(receipt.accepted, false);
      assert.ok(receipt.error);
      const outcome = await receipt.delivered();
      assert.ok(outcome.status === "refused" && outcome.reason === "invalid");
    }
    const good = client.track({ userId: "u", event: "e" });
    await client.close();
    assert.deepEqual(delivered, [good.messageId]);
    assert.equal(client.stats().refused.invalid, 3);
  });
});
