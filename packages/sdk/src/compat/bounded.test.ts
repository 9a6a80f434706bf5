import assert from "node:assert/strict";
import { test } from "node:test";
import { Analytics as Segment } from "./analytics-node/index.ts";
import { bounded } from "./bounded.ts";
import Rudder from "./rudder-sdk-node/index.ts";

const numbers: readonly [value: unknown, becomes: number][] = [
  [undefined, 20],
  [null, 20],
  ["", 20],
  [" ", 20],
  ["x", 20],
  [{}, 20],
  [true, 20],
  [Number.NaN, 20],
  ["15", 15],
  [1.5, 1],
  [0, 1],
  [-5, 1],
  [1e12, 100],
  [Number.POSITIVE_INFINITY, 100],
];

for (const [value, becomes] of numbers) {
  test(`${typeof value} ${JSON.stringify(value)} is ${becomes}`, () => {
    assert.equal(bounded(value, 20, 1, 100), becomes);
  });
}

/** What the official SDKs take, and programs give them. */
const odd: readonly unknown[] = [0, -1, 1.5, "15", "x", null, Number.NaN, 1e12, Number.POSITIVE_INFINITY];

test("no number that the official SDKs take keeps a program from starting", async () => {
  const url = "http://127.0.0.1:9";
  for (const value of odd) {
    for (const name of ["flushAt", "flushInterval", "timeout", "maxQueueSize"]) {
      const client = new Rudder("any-key", { dataPlaneUrl: url, logLevel: "error", [name]: value } as never);
      await client.pintle!.close();
    }
    for (const name of ["flushAt", "maxEventsInBatch", "flushInterval", "httpRequestTimeout", "maxRetries"]) {
      await new Segment({ writeKey: "any-key", host: url, [name]: value }).closeAndFlush();
    }
    await new Segment({ writeKey: "any-key", host: url, maxTotalBackoffDuration: value as number }).closeAndFlush();
  }
});

test("a client of Segment's without a write key is refused as by the official one", () => {
  for (const writeKey of [undefined, "", null]) {
    assert.throws(() => new Segment({ writeKey: writeKey as string }), { message: "writeKey writeKey is missing." });
  }
});
