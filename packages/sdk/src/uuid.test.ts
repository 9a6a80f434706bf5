import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { uuid } from "./uuid.ts";
import { uuidWeb } from "./uuid-web.ts";

describe("uuid", () => check(uuid));

describe("uuidWeb", () => check(uuidWeb));

describe("uuidWeb on a page without TLS", () => {
  before(() => Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true }));
  // What was covered is the prototype's.
  after(() => Reflect.deleteProperty(crypto, "randomUUID"));
  check(uuidWeb);
});

function check(make: () => string): void {
  test("UUIDs of version 4 and RFC 9562's variant, all different", () => {
    const made = Array.from({ length: 2_000 }, make);
    for (const each of made)
      assert.match(each, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(new Set(made).size, made.length);
  });

  test("every other digit takes every value", () => {
    const seen = Array.from({ length: 36 }, () => new Set<string>());
    for (let i = 0; i < 1_000; i++) for (const [at, digit] of [...make()].entries()) seen[at]?.add(digit);
    const counts = seen.map(({ size }) => size);
    assert.deepEqual(counts, [
      ...Array(8).fill(16),
      1,
      ...Array(4).fill(16),
      1,
      1,
      ...Array(3).fill(16),
      1,
      4,
      ...Array(3).fill(16),
      1,
      ...Array(12).fill(16),
    ]);
  });
}
