import assert from "node:assert/strict";
import { test } from "node:test";
import { idempotencyKey } from "./idempotency-key.ts";

test("an id that cannot stand in a header is hashed", () => {
  assert.equal(idempotencyKey(["order-17"]), "order-17");
  for (const id of ["bestellung-ä", "two words", "x".repeat(256), "\u{1f600}", "\ud800"]) {
    assert.match(idempotencyKey([id]), /^[0-9a-f]{64}$/);
  }
  assert.notEqual(idempotencyKey(["a b"]), idempotencyKey(["a c"]));
  assert.notEqual(idempotencyKey(["a", "b"]), idempotencyKey(["b", "a"]));
});
