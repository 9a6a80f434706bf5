import assert from "node:assert/strict";
import { test } from "node:test";
import { age, count, nouns, reasons, table } from "./table.ts";

test("columns have the width of their longest cell, and numbers stand to the right", () => {
  assert.deepEqual(
    table([
      ["name", "events", "lag", "state"],
      ["hook", "1,204", "12.3s", "in trouble"],
      ["a", "3", "5m 3s", "working"],
    ]),
    ["name  events    lag  state", "hook   1,204  12.3s  in trouble", "a          3  5m 3s  working"],
  );
  assert.deepEqual(table([["only", "heading"]]), ["only  heading"]);
  assert.deepEqual(table([]), []);
});

const ages: [seconds: number, text: string][] = [
  [0, "0s"],
  [0.04, "0s"],
  [9.94, "9.9s"],
  [59.4, "59s"],
  [61, "1m 1s"],
  [3_600, "1h 0m"],
  [90_000, "1d 1h"],
];
for (const [seconds, text] of ages) test(`${seconds} s is ${text}`, () => assert.equal(age(seconds), text));

test("reasons come by number, without those that never came", () => {
  assert.equal(reasons({ expired: 3, http_400: 12_000, type: 0 }), "http_400 12,000, expired 3");
  assert.equal(reasons({}), "");
  assert.equal(count(1_234_567), "1,234,567");
  assert.deepEqual(
    [nouns(1, "event"), nouns(2000, "event"), nouns(0, "event")],
    ["1 event", "2,000 events", "0 events"],
  );
});
