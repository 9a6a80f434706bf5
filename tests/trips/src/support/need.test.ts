import assert from "node:assert/strict";
import { test } from "node:test";
import { need } from "./need.ts";

const install = "apt-get install chromium";

test("what is there is not skipped, whether everything is required or not", () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  assert.deepEqual(need("Chromium", { found: "/usr/bin/chromium", install }, { requireAll: true, say }), {
    skip: false,
  });
  assert.deepEqual(need("Chromium", { found: "/usr/bin/chromium", install }, { requireAll: false, say }), {
    skip: false,
  });
  assert.deepEqual(said, []);
});

test("what is missing is skipped loudly, by name, with the command that installs it", () => {
  const said: string[] = [];
  const { skip } = need(
    "Chromium",
    { found: undefined, install },
    { requireAll: false, say: (line) => said.push(line) },
  );
  assert.equal(skip, "Chromium is missing. To run this test: apt-get install chromium");
  assert.deepEqual(said, ["SKIPPED: Chromium is missing. To run this test: apt-get install chromium"]);
});

test("where everything is required, what is missing is an error", () => {
  assert.throws(
    () => need("Chromium", { found: undefined, install }, { requireAll: true }),
    /Chromium is missing.*apt-get install/,
  );
});
