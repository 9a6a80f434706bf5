import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommandRun, newFolder } from "./run.test.support.ts";

test("types prints the type of a plan, under the name that is asked for", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ Paid: { properties: { amount: { type: "number" } } } }));
  const run = new CommandRun(folder, ["types", "plan.json", "--name", "ShopPlan"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.match(run.stdout, /^export interface ShopPlan \{\n {2}Paid: \{\n {4}amount\?: number;/m);
});

test("types tells in a line what is wrong with a plan", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "plan.json"), JSON.stringify({ Paid: { type: "text" } }));
  for (const [args, message] of [
    [["plan.json"], /plan\.json: Paid\.type is "text"/],
    [["none.json"], /none\.json: there is no such file/],
    [["plan.json", "--name", "Shop Plan"], /--name is "Shop Plan"/],
  ] as const) {
    const run = new CommandRun(folder, ["types", ...args]);
    assert.deepEqual([await run.ended, run.stdout], [1, ""]);
    assert.match(run.stderr, message);
  }
});
