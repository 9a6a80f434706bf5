/**
 * Faults of RudderStack's Node SDK (rudder-sdk-node 3.0). Each test fails if Pintle had the fault.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Config, Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/index.ts";

const quiet: NonNullable<Config["logger"]> = { debug() {}, info() {}, warn() {}, error() {} };

describe("faults of the Node SDK", () => {
  // That an unreachable server ends the process is tested in process.test.ts, with a process.

  test("enqueueing is quadratic: each call encodes the queue again", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    const client = new Pintle("key", plane.url, { logger: quiet });
    const calls = 5_000;
    let encodings = 0;
    const counted = {
      toJSON(): string {
        encodings += 1;
        return "x";
      },
    };
    const { stringify } = JSON;
    let stringifyCalls = 0;
    JSON.stringify = ((...args: Parameters<typeof stringify>) => {
      stringifyCalls += 1;
      return stringify(...args);
    }) as typeof stringify;
    try {
      for (let i = 0; i < calls; i++) client.track({ userId: i, event: "e", properties: { counted } });
      await plane.until(() => plane.requests.length > 0);
    } finally {
      JSON.stringify = stringify;
    }
    // The work is counted, because time measures the machine. Quadratic would be millions.
    assert.equal(encodings, calls);
    assert.ok(stringifyCalls <= 2 * calls, `${stringifyCalls} calls of JSON.stringify`);
    await client.close({ timeout: 0 });
  });

  test("flush() sends one batch of several", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet, batchSize: 10, interval: "1h" });
    for (let i = 0; i < 95; i++) client.track({ userId: i, event: "e" });
    assert.equal((await client.flush()).pending, 0);
    assert.equal(plane.messages.length, 95);
    assert.ok(plane.requests.every(({ messages }) => messages.length <= 10));
    await client.close();
  });

  test("there is no close", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet, interval: "1h" });
    const last = client.track({ userId: "u", event: "last" });
    const result = await client.close();
    assert.deepEqual(result, { delivered: 1, dropped: 0, pending: 0 });
    assert.deepEqual(await client.close(), result);
    assert.equal((await last.delivered()).status, "delivered");
    const late = client.track({ userId: "u", event: "late" });
    assert.equal(late.accepted, false);
    assert.deepEqual(
      plane.messages.map(({ event }) => event),
      ["last"],
    );
  });

  test("there is no HTTP time-out", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script("hang");
    const client = new Pintle("key", plane.url, { logger: quiet, timeout: 50 });
    client.track({ userId: "u", event: "e" });
    assert.deepEqual(await client.flush({ timeout: 60_000 }), { delivered: 1, dropped: 0, pending: 0 });
    assert.equal(plane.requests.length, 2);
    await client.close();
  });

  // That the client does not recover from 120 s of 503 is tested in long-times.test.ts, on virtual
  // time.

  test("what was sent while the server could not be reached is lost", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: 503 });
    const client = new Pintle("key", plane.url, { logger: quiet, interval: 0, batchSize: 50 });
    let sent = 0;
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) client.track({ userId: sent % 7, event: "e", properties: { n: sent++ } });
    };
    send(200);
    await plane.until(() => plane.requests.length >= 2);
    await plane.refuse();
    send(200);
    await plane.accept();
    plane.otherwise(200);
    send(200);
    assert.equal((await client.flush({ timeout: 60_000 })).pending, 0);
    assert.equal(new Set(plane.messages.map(({ messageId }) => messageId)).size, 600);
    await client.close();
  });

  test("gzip bodies are sent as application/x-www-form-urlencoded", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet });
    for (let i = 0; i < 50; i++) client.track({ userId: "u", event: "e", properties: { text: "x".repeat(100) } });
    await client.close();
    const [request] = plane.requests;
    assert.equal(request?.headers["content-encoding"], "gzip");
    assert.equal(request?.headers["content-type"], "application/json");
    assert.equal(request?.messages.length, 50);
    assert.ok(request.wireBytes < request.text.length);
  });

  test("an event over 32 KB skips validation", async () => {
    await using plane = await FakeDataPlane.start();
    const client = new Pintle("key", plane.url, { logger: quiet });
    const text = "x".repeat(40_000);
    const refused: string[] = [];
    client.on("refused", ({ reason }) => refused.push(reason));
    client.track({ userId: "", event: "no user", properties: { text } });
    client.track({ userId: "u", event: "", properties: { text } });
    client.track({ userId: "u", event: "good, but large", properties: { text } });
    await client.close();
    assert.deepEqual(refused, ["invalid", "invalid", "too_large"]);
    assert.equal(plane.requests.length, 0);
  });
});
