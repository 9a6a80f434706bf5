import assert from "node:assert/strict";
import { test } from "node:test";
import { retry } from "@pintle/destinations/kit";
import { scopeOf } from "./scope.ts";
import { Tally } from "./tally.ts";

test("the destination's word counts, unless others got through since the event first failed", () => {
  const timeout = retry("destination", "timeout");
  assert.equal(scopeOf(timeout, 10, undefined), "destination");
  assert.equal(scopeOf(timeout, 10, 10), "destination");
  assert.equal(scopeOf(timeout, 11, 10), "event");
  assert.equal(scopeOf(retry("event", "http_500"), 10, undefined), "event");
});

test("what a destination says about itself is not doubted", () => {
  assert.equal(scopeOf(retry("destination", "http_429", { after: 1000 }), 11, 10), "destination");
  assert.equal(scopeOf(retry("destination", "http_401", { ages: false }), 11, 10), "destination");
});

test("a tally keeps its reasons few, and its sum right", () => {
  const tally = new Tally();
  for (let n = 0; n < 1000; n++) tally.add(`reason ${n}`);
  tally.add("reason 7", 5);
  const counts = tally.toJSON();
  assert.equal(counts["reason 7"], 6);
  assert.ok(Object.keys(counts).length <= 101);
  assert.equal(
    Object.values(counts).reduce((a, b) => a + b),
    1005,
  );
  assert.equal(tally.total, 1005);
});
