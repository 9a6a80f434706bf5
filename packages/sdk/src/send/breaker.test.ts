import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holdDelay } from "./answer-delays.ts";
import { ClientBreaker } from "./breaker.ts";

const breaker = (concurrency = 4): ClientBreaker => new ClientBreaker(concurrency, () => 0);

/** How many requests it would let go at this moment. */
function permitted(subject: ClientBreaker, now: number): number {
  let inFlight = 0;
  while (inFlight < 100 && subject.permits(now, inFlight)) inFlight++;
  return inFlight;
}

test("closed, it permits as many as are configured; one or two failures are accidents", () => {
  const subject = breaker();
  assert.equal(permitted(subject, 0), 4);
  subject.failed(0);
  subject.failed(0);
  assert.equal(permitted(subject, 0), 4);
  subject.succeeded();
  subject.failed(0);
  subject.failed(0);
  assert.equal(subject.mode(0), "closed", "only failures in a row count");
});

test("three failures in a row open it; then one probe, and one more request with each success", () => {
  const subject = breaker();
  for (let count = 0; count < 3; count++) subject.failed(0);
  assert.equal(subject.mode(249), "open");
  assert.equal(permitted(subject, 249), 0);
  assert.equal(subject.mode(250), "probing");
  assert.equal(permitted(subject, 250), 1);
  assert.equal(subject.succeeded(), true);
  for (const limit of [1, 2, 3, 4, 4]) {
    assert.equal(permitted(subject, 300), limit);
    assert.equal(subject.succeeded(), false);
  }
});

test("a failed probe opens it for longer", () => {
  const subject = new ClientBreaker(4, () => 0.999_999);
  let now = 0;
  const waits: number[] = [];
  for (let count = 0; count < 3; count++) subject.failed(now);
  for (let count = 0; count < 6; count++) {
    waits.push(Math.round((subject.openUntil! - now) / 1000));
    now = subject.openUntil!;
    subject.failed(now);
  }
  assert.deepEqual(waits, [2, 4, 8, 16, 30, 30]);
});

test("a hold waits as holds do, from its first opening on", () => {
  const subject = breaker();
  for (let count = 0; count < 3; count++) subject.failed(0, undefined, holdDelay);
  assert.equal(subject.openUntil, 15_000);
  subject.failed(15_000, undefined, holdDelay);
  assert.equal(subject.openUntil, 45_000);
});

test("a server that asks for time gets it at once, and late failures only lengthen it if they ask, too", () => {
  const subject = breaker();
  subject.failed(0, 60_000);
  assert.equal(subject.openUntil, 60_000);
  subject.failed(10);
  assert.equal(subject.openUntil, 60_000);
  subject.failed(20, 10_000);
  assert.equal(subject.openUntil, 60_000);
  subject.failed(30, 90_000);
  assert.equal(subject.openUntil, 90_030);
});

test("after a reset nothing is remembered", () => {
  const subject = breaker();
  for (let count = 0; count < 3; count++) subject.failed(0, undefined, holdDelay);
  subject.reset();
  assert.equal(permitted(subject, 0), 4);
});

test("whatever happens: never more than configured, one while probing, none while open, and open never for ever", () => {
  const step = fc.oneof(
    fc.constant({ do: "succeed" as const }),
    fc.record({
      do: fc.constantFrom("retry" as const, "hold" as const),
      asked: fc.option(fc.integer({ min: 0, max: 300_000 })),
    }),
    fc.record({ do: fc.constant("wait" as const), by: fc.integer({ min: 0, max: 100_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 9 }), (steps, concurrency) => {
      const subject = new ClientBreaker(concurrency, () => 0.5);
      let now = 0;
      for (const each of steps) {
        if (each.do === "wait") now += each.by;
        else if (each.do === "succeed") subject.succeeded();
        else subject.failed(now, each.asked ?? undefined, each.do === "hold" ? holdDelay : undefined);
        const most = { closed: concurrency, probing: 1, open: 0 }[subject.mode(now)];
        assert.ok(permitted(subject, now) <= most);
        assert.ok((subject.openUntil ?? 0) <= now + 330_000);
      }
    }),
  );
});
