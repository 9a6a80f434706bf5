// The same in an ES module: `node shop.mjs URL`. Bundled by the tests, too.
import assert from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { ConfigError, Pintle } from "@pintle/sdk";
import { pintleContext } from "@pintle/sdk/express";
import Analytics from "@pintle/sdk/rudder-sdk-node";

const url = process.argv[2];
assert.throws(() => new Pintle("key", url, { batchSize: 0 }), ConfigError);
assert.equal(typeof pintleContext, "function");

const client = new Pintle("key", url);
client.track({ userId: "1", event: "Plain" });
assert.deepEqual(await client.close(), { delivered: 1, dropped: 0, pending: 0 });

const directory = mkdtempSync("durable-");
const durable = new Pintle("key", url, { durable: { directory } });
durable.track({ userId: "1", event: "Durable" });
assert.deepEqual(await durable.close(), { delivered: 1, dropped: 0, pending: 0 });
rmSync(directory, { recursive: true });

const analytics = new Analytics("key", { dataPlaneUrl: url });
analytics.track({ userId: "1", event: "Shim" });
await analytics.flush();
