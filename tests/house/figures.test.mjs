import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { moved, readFigures } from "../../bench/report/compare.mjs";
import { markdownOf } from "../../bench/report/figures.mjs";

const bench = fileURLToPath(new URL("../../bench", import.meta.url));

const rowOf = (figure, value, ratio) => ({ figure, value, beside: "", ratio, goal: "", note: "" });
const pageOf = (rows) =>
  `# Figures\n\n- Date: 2026-11-27\n\n## gateway\n\n${markdownOf(rows)}\n\n## What moved\n\n- none\n`;

test("a table of figures is read as it was written: the ratio, or else the first number", () => {
  const page = pageOf([
    rowOf("events/s", "275,000", "0.92"),
    rowOf("restart", "1,250 ms", ""),
    rowOf("highest; lowest", "12.5 MB; 3 MB", ""),
    rowOf("skipped", "SKIPPED: no PostgreSQL", ""),
  ]);
  assert.deepEqual(
    [...readFigures(page)],
    [
      ["gateway: events/s", 0.92],
      ["gateway: restart", 1250],
      ["gateway: highest; lowest", 12.5],
    ],
  );
});

test("what moved by more than a tenth is named, new figures and those that are gone are not", () => {
  const before = readFigures(
    pageOf([rowOf("a", "1", "1.00"), rowOf("b", "1", "1.00"), rowOf("c", "9", ""), rowOf("z", "0", "")]),
  );
  const after = readFigures(
    pageOf([rowOf("a", "1", "1.11"), rowOf("b", "1", "0.91"), rowOf("new", "5", ""), rowOf("z", "2", "")]),
  );
  assert.deepEqual(
    moved(before, after).map(({ figure, before: then, now }) => [figure, then, now]),
    [
      ["gateway: a", 1, 1.11],
      ["gateway: z", 0, 2],
    ],
  );
});

for (const [name, ...args] of [
  ["gateway", "--only", "x"],
  ["router", "--only", "webhook,x"],
  ["results", "--to", "nowhere.md", "--only", "x"],
]) {
  test(`the bench ${name} refuses a part that it does not have, and names those it has`, () => {
    const { status, stderr } = spawnSync(process.execPath, [join(bench, `${name}.mjs`), ...args], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^--only: there is no part "x"; there are \w+, \w+/m);
  });
}
