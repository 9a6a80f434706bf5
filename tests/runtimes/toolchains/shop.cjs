// A program in CommonJS that uses every way of sending: `node shop.cjs URL`. Bundled by the tests,
// too.
const assert = require("node:assert");
const { mkdtempSync, rmSync } = require("node:fs");
const { ConfigError, Pintle } = require("@pintle/sdk");
const { pintleContext } = require("@pintle/sdk/express");
const Analytics = require("@pintle/sdk/rudder-sdk-node");

async function main(url) {
  assert.throws(() => new Pintle("key", url, { batchSize: 0 }), ConfigError);
  assert.strictEqual(typeof pintleContext, "function");

  const client = new Pintle("key", url);
  client.track({ userId: "1", event: "Plain" });
  assert.deepStrictEqual(await client.close(), { delivered: 1, dropped: 0, pending: 0 });

  const directory = mkdtempSync("durable-");
  const durable = new Pintle("key", url, { durable: { directory } });
  durable.track({ userId: "1", event: "Durable" });
  assert.deepStrictEqual(await durable.close(), { delivered: 1, dropped: 0, pending: 0 });
  rmSync(directory, { recursive: true });

  const analytics = new Analytics("key", { dataPlaneUrl: url });
  analytics.track({ userId: "1", event: "Shim" });
  await analytics.flush();
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
