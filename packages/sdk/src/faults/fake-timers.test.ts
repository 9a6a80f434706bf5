/**
 * Fake timers drive the time of the program, and not that of the SDK: a request goes over a real
 * network. Jest's and Vitest's: tests/trips.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pintle } from "../index.ts";
import { FakeDataPlane, TestPintle } from "../testing/index.ts";
import { Pintle as WebPintle } from "../web.ts";

const apis = ["setTimeout", "setInterval", "setImmediate", "Date"] as const;
const logger = { debug() {}, info() {}, warn() {}, error() {} };

for (const Client of [Pintle, WebPintle]) {
  const where = Client === Pintle ? "Node" : "fetch";

  test(`flush and close, with a retry, of clients made before and after timers are faked, on ${where}`, async (t) => {
    await using plane = await FakeDataPlane.start();
    const before = new Client("key", plane.url, { logger });
    t.mock.timers.enable({ apis: [...apis], now: Date.UTC(2030, 0, 1) });
    const after = new Client("key", plane.url, { logger, interval: 20 });
    for (const client of [before, after]) {
      plane.script(503);
      client.track({ userId: "1", event: "Flushed" });
      assert.deepEqual(await client.flush(), { delivered: 1, dropped: 0, pending: 0 });
      // By the interval, which passes.
      client.track({ userId: "1", event: "Due" });
      if (client === after) await plane.until(() => plane.messages.length === 4);
      await client.close();
    }
    assert.deepEqual(
      plane.messages.map(({ event }) => event),
      ["Flushed", "Due", "Flushed", "Due"],
    );
    // The program's clock is what messages tell, in both times.
    const [message] = plane.messages;
    assert.match(String(message?.originalTimestamp), /^2030-01-01T00:00:00\.0/);
    assert.match(String(message?.sentAt), /^2030-01-01T00:00:00\.0/);
  });

  test(`flush and close end by their time-outs where the server hangs, on ${where}`, async (t) => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    t.mock.timers.enable({ apis: [...apis] });
    const client = new Client("key", plane.url, { logger });
    client.track({ userId: "1", event: "e" });
    assert.equal((await client.flush({ timeout: 30 })).pending, 1);
    assert.equal((await client.close({ timeout: 30 })).dropped, 1);
  });
}

test("TestPintle under fake timers", async (t) => {
  const before = new TestPintle();
  t.mock.timers.enable({ apis: [...apis] });
  for (const client of [before, new TestPintle()]) {
    const receipt = client.track({ userId: "1", event: "e" });
    assert.equal((await receipt.delivered()).status, "delivered");
    client.track({ userId: "1", event: "e" });
    assert.equal((await client.flush()).pending, 0);
    await client.ready();
    assert.equal((await client.close()).pending, 0);
  }
});
