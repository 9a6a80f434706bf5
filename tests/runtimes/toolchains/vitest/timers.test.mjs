// Fake timers are the program's: clients made before and after them deliver all the same.
import { Pintle } from "@pintle/sdk";
import { FakeDataPlane, TestPintle } from "@pintle/sdk/testing";
import { afterEach, expect, test, vi } from "vitest";

const logger = { debug() {}, info() {}, warn() {}, error() {} };

afterEach(() => vi.useRealTimers());

test("clients made before and after timers are faked, and an SDK that is loaded after", async () => {
  const plane = await FakeDataPlane.start();
  const before = [new Pintle("key", plane.url, { logger }), new TestPintle()];
  const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "queueMicrotask"];
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: [...toFake, "performance", "Date"] });
  vi.resetModules();
  const late = await import("@pintle/sdk");
  const after = [
    new Pintle("key", plane.url, { logger }),
    new TestPintle(),
    new late.Pintle("key", plane.url, { logger }),
  ];
  for (const client of [...before, ...after]) {
    if (!(client instanceof TestPintle)) plane.script(503);
    client.track({ userId: "1", event: "Flushed" });
    expect(await client.flush()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
    client.track({ userId: "1", event: "Closed" });
    expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  }
  expect(plane.messages).toHaveLength(6);
  expect(plane.messages[0].originalTimestamp).toMatch(/^2030-01-01T00:00:00/);
  await plane.close();
});
