// Both formats of the package in one program: classes are two, and `instanceof` holds across them.
import assert from "node:assert";
import { createRequire } from "node:module";
import * as imported from "@pintle/sdk";
import ImportedShim from "@pintle/sdk/rudder-sdk-node";
import { TestPintle } from "@pintle/sdk/testing";

const require = createRequire(import.meta.url);
const required = require("@pintle/sdk");
const RequiredShim = require("@pintle/sdk/rudder-sdk-node");

assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort());
assert.notEqual(required.Pintle, imported.Pintle);
assert.equal(RequiredShim.default, RequiredShim);
assert.equal(RequiredShim.Analytics, RequiredShim);
assert.ok(ImportedShim !== RequiredShim);

const url = "http://127.0.0.1:9";
for (const [one, other] of [
  [imported, required],
  [required, imported],
]) {
  assert.ok(new one.Pintle("key", url) instanceof other.Pintle);
  assert.throws(() => new one.Pintle("key", url, { batchSize: 0 }), other.ConfigError);
  assert.throws(() => new one.Pintle("key", url, { batchSize: 0 }), other.PintleError);
  const { error } = new one.Pintle("key", url, { logger: silent() }).track({ userId: "1", event: "" });
  assert.ok(error instanceof other.EventError);
  assert.ok(!(error instanceof other.ConfigError));
}
assert.ok(new TestPintle() instanceof required.Pintle);
// One copy for each format, whichever entry it is reached by.
assert.ok(Object.getPrototypeOf(require("@pintle/sdk/testing").TestPintle) === required.Pintle);
assert.ok(Object.getPrototypeOf(TestPintle) === imported.Pintle);

function silent() {
  return { debug() {}, info() {}, warn() {}, error() {} };
}
