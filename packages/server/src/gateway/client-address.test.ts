import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientAddress } from "./client-address.ts";

test("nobody's X-Forwarded-For is believed by default", () => {
  const addresses = new ClientAddress([]);
  assert.equal(addresses.find("192.0.2.1", "203.0.113.9"), "192.0.2.1");
  assert.equal(addresses.find("::ffff:192.0.2.1", undefined), "192.0.2.1");
  assert.equal(addresses.find("2001:db8::1", undefined), "2001:db8::1");
  assert.equal(addresses.find(undefined, "203.0.113.9"), "");
});

test("a trusted proxy's first entry counts, if it is an address", () => {
  const addresses = new ClientAddress(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);
  const cases: ReadonlyArray<readonly [string, string | undefined, string]> = [
    ["10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["10.1.2.3", " 203.0.113.9 , 10.9.9.9", "203.0.113.9"],
    ["::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"],
    ["2001:db8::5", "2001:db8:1::9", "2001:db8:1::9"],
    ["10.1.2.3", "[2001:db8:1::9]:443", "2001:db8:1::9"],
    ["10.1.2.3", "203.0.113.9:5000", "203.0.113.9"],
    ["10.1.2.3", "::ffff:203.0.113.9", "203.0.113.9"],
    ["10.1.2.3", "unknown, 203.0.113.9", "10.1.2.3"],
    ["10.1.2.3", "", "10.1.2.3"],
    ["10.1.2.3", undefined, "10.1.2.3"],
    ["192.0.2.2", "203.0.113.9", "192.0.2.2"],
  ];
  for (const [peer, forwarded, expected] of cases) {
    assert.equal(addresses.find(peer, forwarded), expected, `${peer} ${forwarded}`);
  }
});

test("what is no address or subnet is refused, with its value", () => {
  for (const proxy of ["proxy.local", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/x", "::1/129", ""]) {
    assert.throws(
      () => new ClientAddress([proxy]),
      (error) => error instanceof RangeError && error.message.includes(`"${proxy}"`),
    );
  }
});
