import assert from "node:assert/strict";
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { test } from "node:test";
import { inspect } from "node:util";
import { ConfigError, nodeTransport, Pintle } from "./index.ts";
import { Pintle as WebPintle, nodeTransport as webTransport } from "./web.ts";

const pem = "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n";

function thrown(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(!inspect(error).includes("hunter2"), inspect(error));
    return error;
  }
  return assert.fail("taken");
}

test("what is of no use is refused by the name of the option, and never shown", () => {
  const transport = async () => ({ status: 200, headers: {}, body: "" });
  const cases: readonly (readonly [object, string])[] = [
    [{ proxy: "socks5://user:hunter2@proxy" }, "proxy"],
    [{ proxy: "" }, "proxy"],
    [{ proxy: true }, "proxy"],
    [{ proxy: null }, "proxy"],
    [{ agent: {} }, "agent"],
    [{ agent: "hunter2" }, "agent"],
    [{ agent: new Agent() }, "agent"],
    [{ agent: new SecureAgent(), ca: pem }, "ca"],
    [{ agent: new SecureAgent(), proxy: "http://user:hunter2@proxy" }, "proxy"],
    [{ ca: "/etc/ssl/hunter2.pem" }, "ca"],
    [{ ca: [] }, "ca"],
    [{ ca: [pem, 5] }, "ca"],
    [{ proxy: false, transport }, "proxy"],
    [{ ca: pem, transport }, "ca"],
    [{ headers: { authorization: "hunter2" } }, "headers"],
    [{ headers: { "Content-Type": "hunter2" } }, "headers"],
    [{ headers: { "RS-nodeCount": "hunter2" } }, "headers"],
    [{ headers: { "X-A": "hunter2\n" } }, "headers"],
    [{ headers: { "X A": "hunter2" } }, "headers"],
    [{ headers: { "X-A": 5 } }, "headers"],
    [{ headers: ["hunter2"] }, "headers"],
  ];
  for (const [config, option] of cases) {
    assert.equal(thrown(() => new Pintle("key", "https://data.example.com", config)).option, option, inspect(config));
  }
  for (const options of [{ proxy: "ftp://hunter2" }, { ca: "hunter2" }, { agent: {} }])
    thrown(() => nodeTransport(options));
});

test("where the runtime's fetch makes the connections, they cannot be told how, but headers can be given", () => {
  for (const config of [{ proxy: false as const }, { agent: new SecureAgent() }, { ca: pem }]) {
    const error = thrown(() => new WebPintle("key", "https://data.example.com", config));
    assert.match(error.message, /the runtime's fetch makes the connections/);
  }
  new WebPintle("key", "https://data.example.com", { headers: { "X-A": "1" } });
  thrown(() => webTransport());
});
