import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPrivateAddress } from "./private-address.ts";

const privates = [
  "0.0.0.0",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "0:0:0:0:0:0:0:1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fec0::1",
  "fc00::1",
  "fd12:3456::1",
  "ff02::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "0:0:0:0:0:ffff:0a00:0001",
  "::127.0.0.1",
  "::ffff:0:127.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::1",
  "2002:7f00:1::",
  "2002:a9fe:a9fe::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001:db8::1",
  "100::1",
  "4000::1",
  "",
  "localhost",
  "1.2.3",
];
const publics = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "223.255.255.255",
  "2606:4700:4700::1111",
  "2001:4860:4860::8888",
  "2a00:1450:4001:830::200e",
  "::ffff:8.8.8.8",
  "::ffff:808:808",
  "64:ff9b::8.8.8.8",
  "2002:808:808::1",
];

for (const address of privates)
  test(`${address || "nothing"} is private`, () => assert.equal(isPrivateAddress(address), true));
for (const address of publics) test(`${address} is public`, () => assert.equal(isPrivateAddress(address), false));

test("an IPv4 address is judged alike in each of its IPv6 forms", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const expected = isPrivateAddress(address);
      const [a, b, c, d] = address.split(".").map(Number) as [number, number, number, number];
      const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
      for (const form of [
        `::ffff:${address}`,
        `::ffff:${high}:${low}`,
        `64:ff9b::${address}`,
        `2002:${high}:${low}::1`,
      ]) {
        assert.equal(isPrivateAddress(form), expected, form);
      }
    }),
  );
});
