import assert from "node:assert/strict";
import { test } from "node:test";
import { Breaker } from "./breaker.ts";

/** Sends and answers as many batches as are admitted. */
function fill(breaker: Breaker): number {
  let inFlight = 0;
  while (breaker.admits(inFlight) && inFlight < 1000) inFlight++;
  return inFlight;
}

function opened(max = 8): Breaker {
  const breaker = new Breaker(max, () => 0.5);
  breaker.troubled(0, false);
  return breaker;
}

test("closed: as many batches as the destination takes", () => {
  assert.equal(fill(new Breaker(8, () => 0.5)), 8);
});

test("trouble opens it for a while, in which nothing goes out", () => {
  const breaker = opened();
  assert.deepEqual([breaker.state, breaker.until, fill(breaker)], ["open", 500, 0]);
  breaker.tick(499);
  assert.equal(breaker.state, "open");
  breaker.tick(500);
  assert.equal(breaker.state, "half-open");
});

test("half-open: one probe, whatever else comes back", () => {
  const breaker = opened();
  breaker.tick(500);
  assert.equal(breaker.admits(3), true);
  breaker.probe();
  assert.equal(breaker.admits(0), false);
  breaker.succeeded(false, 500);
  breaker.troubled(600, false);
  assert.equal(breaker.state, "half-open", "batches from before say nothing about now");
});

test("each failed probe makes the wait longer; those that failed together do not", () => {
  const breaker = opened();
  breaker.troubled(1, false);
  breaker.troubled(2, false);
  assert.equal(breaker.until, 500);
  let now = 0;
  const waits: number[] = [];
  for (let probe = 0; probe < 11; probe++) {
    now = breaker.until;
    breaker.tick(now);
    breaker.probe();
    breaker.troubled(now, true);
    waits.push(breaker.until - now);
  }
  assert.deepEqual(
    waits,
    [1, 2, 4, 7.5, 7.5, 7.5, 7.5, 7.5, 7.5, 7.5, 7.5].map((seconds) => seconds * 1000),
  );
});

test("where nobody but the destination's owner can help, it is probed less and less often, up to every 5 min", () => {
  const breaker = opened();
  const waits: number[] = [];
  for (let probe = 0; probe < 11; probe++) {
    const now = breaker.until;
    breaker.tick(now);
    breaker.probe();
    breaker.troubled(now, true, 0, 300_000);
    waits.push((breaker.until - now) / 1000);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 150]);
});

test("one that took something a moment ago is not left alone for longer than that is ago", () => {
  const breaker = opened();
  let now = 0;
  for (let round = 0; round < 10; round++) {
    now = breaker.until;
    breaker.tick(now);
    breaker.probe();
    breaker.troubled(now, true);
  }
  now = breaker.until;
  breaker.tick(now);
  breaker.probe();
  breaker.succeeded(true, now);
  breaker.troubled(now, false);
  const waits: number[] = [];
  for (let round = 0; round < 9; round++) {
    waits.push(breaker.until - now);
    now = breaker.until;
    breaker.tick(now);
    breaker.probe();
    breaker.troubled(now, true);
  }
  assert.deepEqual(waits, [1000, 1000, 1000, 1500, 2250, 3375, 5063, 7500, 7500]);
});

test("what a probe took to fail is part of the wait, and a second is left between them", () => {
  const breaker = opened();
  for (let probe = 0; probe < 10; probe++) {
    const now = breaker.until;
    breaker.tick(now);
    breaker.probe();
    breaker.troubled(now, true);
  }
  const at = breaker.until;
  breaker.tick(at);
  breaker.probe();
  breaker.troubled(at + 5000, true);
  assert.equal(breaker.until, at + 7500);
  breaker.tick(at + 7500);
  breaker.probe();
  breaker.troubled(at + 17_500, true);
  assert.equal(breaker.until, at + 18_500);
});

test("a probe that is not answered for 15 s is not waited for; whichever gets through closes it", () => {
  const breaker = opened();
  assert.equal(breaker.nextProbe, 500);
  breaker.tick(500);
  assert.equal(breaker.nextProbe, Number.POSITIVE_INFINITY);
  breaker.probe();
  assert.equal(breaker.nextProbe, 15_500);
  breaker.tick(15_499);
  assert.equal(breaker.admits(1), false);
  breaker.tick(15_500);
  assert.equal(breaker.admits(1), true);
  breaker.probe();
  assert.deepEqual([breaker.admits(2), breaker.nextProbe], [false, 30_500]);
  breaker.succeeded(true, 15_600);
  assert.equal(breaker.state, "closed");
  breaker.troubled(15_700, false);
  assert.equal(breaker.state, "open", "what the one before found out is news, too");
});

test("a destination that takes one at a time gets no probe beside one that hangs", () => {
  const breaker = opened(1);
  breaker.tick(500);
  assert.equal(breaker.admits(1), true, "what hangs from before is no probe");
  breaker.probe();
  for (const now of [15_500, 60_000]) {
    breaker.tick(now);
    breaker.retryNow();
    assert.deepEqual([breaker.admits(1), breaker.admits(0)], [false, true]);
  }
  breaker.troubled(60_000, true);
  breaker.tick(breaker.until);
  assert.equal(breaker.admits(1), true);
});

test("somebody who says so ends the wait, also that of a Retry-After, and that for a probe", () => {
  const breaker = opened();
  breaker.troubled(0, false, 3_600_000);
  breaker.retryNow();
  breaker.tick(1);
  assert.equal(breaker.state, "half-open");
  breaker.probe();
  assert.equal(breaker.admits(1), false);
  breaker.retryNow();
  assert.equal(breaker.admits(1), true);
  const well = new Breaker(8, () => 0.5);
  well.retryNow();
  assert.deepEqual([well.state, fill(well)], ["closed", 8]);
});

test("a Retry-After that comes later makes the pause longer", () => {
  const breaker = opened();
  breaker.troubled(100, false, 60_000);
  assert.equal(breaker.until, 60_100);
  breaker.troubled(200, false, 1000);
  assert.equal(breaker.until, 60_100);
});

test("after the probe the rate grows with each success, and trouble on the way counts as the same trouble", () => {
  const breaker = opened();
  breaker.tick(500);
  breaker.probe();
  breaker.succeeded(true, 500);
  assert.deepEqual([breaker.state, fill(breaker)], ["closed", 2]);
  breaker.succeeded(false, 500);
  assert.equal(fill(breaker), 3);
  breaker.troubled(1000, false);
  assert.equal(breaker.until - 1000, 1000, "it had not recovered: the second opening");
  breaker.tick(2000);
  breaker.probe();
  breaker.succeeded(true, 500);
  for (let batch = 0; batch < 6; batch++) breaker.succeeded(false, 500);
  assert.equal(fill(breaker), 8);
  breaker.succeeded(false, 500);
  assert.equal(fill(breaker), 8);
  breaker.troubled(3000, false);
  assert.equal(breaker.until - 3000, 500, "it had recovered: a first opening");
});

test("a destination that takes one batch at a time recovers at once", () => {
  const breaker = opened(1);
  breaker.tick(500);
  breaker.probe();
  breaker.succeeded(true, 500);
  assert.equal(fill(breaker), 1);
  breaker.troubled(1000, false);
  assert.equal(breaker.until - 1000, 500);
});

test("one that is well for as long as the longest wait has recovered, however few events it gets", () => {
  const breaker = opened();
  breaker.tick(500);
  breaker.probe();
  breaker.succeeded(true, 500);
  breaker.troubled(299_000, false);
  assert.equal(breaker.until - 299_000, 1000, "the second opening");
  breaker.tick(300_000);
  breaker.probe();
  breaker.succeeded(true, 300_000);
  breaker.troubled(600_000, false);
  assert.equal(breaker.until - 600_000, 500, "a first opening");
});

test("most events fail: more than half of the last 64 first attempts", () => {
  const breaker = new Breaker(8, () => 0.5);
  for (let event = 0; event < 63; event++) assert.equal(breaker.firstAttempt(true), false, "too few to judge");
  assert.equal(breaker.firstAttempt(true), true);
  const even = new Breaker(8, () => 0.5);
  for (let event = 0; event < 1000; event++)
    assert.equal(even.firstAttempt(event % 2 === 0), false, "half is not most");
  const later = new Breaker(8, () => 0.5);
  for (let event = 0; event < 1000; event++) later.firstAttempt(false);
  let failures = 0;
  while (!later.firstAttempt(true)) failures++;
  assert.equal(failures, 32, "old successes do not count for ever");
  later.troubled(0, false);
  later.tick(500);
  later.probe();
  later.succeeded(true, 500);
  assert.equal(later.firstAttempt(true), false, "it is judged anew");
});

test("a probe outside of half-open is a fault of the caller", () => {
  assert.throws(() => new Breaker(1, () => 0).probe(), /closed, not half-open/);
});
