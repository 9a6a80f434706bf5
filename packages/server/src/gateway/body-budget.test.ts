import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyBudget, type IncomingBody } from "./body-budget.ts";

function incoming(budget: BodyBudget, since: number, bytes: number, cuts: string[], name: string): IncomingBody {
  const made: IncomingBody = {
    since,
    cut() {
      cuts.push(name);
      budget.give(bytes);
      budget.end(made);
    },
  };
  budget.begin(made);
  budget.take(bytes);
  return made;
}

test("what is here counts, and comes free again", () => {
  const budget = new BodyBudget(100, 1000);
  assert.ok(budget.admits(0));
  assert.equal(budget.take(99), true);
  assert.ok(budget.admits(0));
  assert.equal(budget.take(2), false);
  assert.equal(budget.admits(0), false);
  budget.give(101);
  assert.equal(budget.used, 0);
  assert.ok(budget.admits(0));
});

test("without room the oldest unfinished body gives way, once it had its time", () => {
  const budget = new BodyBudget(100, 1000);
  const cuts: string[] = [];
  incoming(budget, 0, 60, cuts, "first");
  incoming(budget, 500, 60, cuts, "second");
  assert.equal(budget.admits(999), false);
  assert.deepEqual(cuts, []);
  assert.equal(budget.admits(1000), true);
  assert.deepEqual(cuts, ["first"]);
  assert.equal(budget.used, 60);
});

test("bodies that wait for the disk do not give way", () => {
  const budget = new BodyBudget(100, 1000);
  const cuts: string[] = [];
  const whole = incoming(budget, 0, 100, cuts, "whole");
  budget.end(whole);
  assert.equal(budget.admits(1e9), false);
  assert.deepEqual(cuts, []);
});
