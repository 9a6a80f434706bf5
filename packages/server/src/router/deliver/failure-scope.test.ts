import assert from "node:assert/strict";
import { test } from "node:test";
import { retry } from "@pintle/kit";
import { Tally } from "../ledger/tally.ts";
import { longestOwnWait, refusesCredentials, scopeOf } from "./failure-scope.ts";

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

test("an event that nobody is there for is asked again at least every 15 s, one that a server chokes on ever less often", () => {
  for (const reason of ["http_502", "http_503", "http_504", "network"])
    for (const failures of [1, 10, 1000]) assert.equal(longestOwnWait({ reason }, failures, 15_000), 15_000);
  const choking = (failures: number, most = 15_000) => longestOwnWait({ reason: "http_500" }, failures, most);
  assert.deepEqual(
    [1, 10, 11, 12, 14, 15, 16, 1e6].map((failures) => choking(failures) / 1000),
    [15, 15, 30, 60, 240, 300, 300, 300],
  );
  assert.deepEqual(
    [10, 11, 30].map((failures) => choking(failures, 600_000)),
    [600_000, 600_000, 600_000],
  );
});

test("refused credentials are 401, 403, and what knows no status", () => {
  const refused = (status?: number, ages = false) => {
    const answer = status === undefined ? {} : { answer: { status, headers: {}, body: "" } };
    return refusesCredentials(retry("destination", "x", { ages, ...answer }));
  };
  assert.deepEqual(
    [refused(401), refused(403), refused(), refused(404), refused(503)],
    [true, true, true, false, false],
  );
  assert.equal(refused(401, true), false, "what a destination type makes of it counts");
});
