// npm run bench -- results [--short] [--only BENCH,BENCH] [--to FILE]: runs the benches of the data
// plane one after the other and writes bench/RESULTS.md: all tables, with the date, the commit,
// what else the machine did, and the versions of the peers; and which figures moved by more than a
// tenth against the table before. Name the causes of those by hand, below each. About an hour and a
// half; wants a quiet machine.
//
// A short run, and one of some benches, are no whole table: they need --to. A bench that fails has
// the rows that it came to, and the word that it failed; the others still run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { moved, readFigures } from "./report/compare.mjs";
import { commit, load, machine, peers } from "./report/machine.mjs";
import { partsOf } from "./report/parts.mjs";

/** Arguments of a whole run, and of a short one. */
const benches = {
  gateway: { whole: [], short: ["--short"] },
  routes: { whole: [], short: ["--rounds", "3", "--seconds", "3"] },
  router: { whole: [], short: ["--short"] },
};

const { values } = parseArgs({
  options: { short: { type: "boolean", default: false }, only: { type: "string" }, to: { type: "string" } },
});
const wanted = partsOf(values.only, Object.keys(benches));
const own = fileURLToPath(new URL("RESULTS.md", import.meta.url));
if (values.to === undefined && (values.short || values.only !== undefined)) {
  console.error("--short and --only make no whole table: say with --to where it goes");
  process.exit(2);
}
// npm runs this in bench/; a path is meant from where npm was called.
const target = values.to === undefined ? own : resolve(process.env.INIT_CWD ?? ".", values.to);
const before = existsSync(own) ? readFigures(readFileSync(own, "utf8")) : new Map();

const folder = mkdtempSync(join(tmpdir(), "pintle-bench-results-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const heading = [
  "# Figures",
  "",
  "Made by `npm run bench -- results`, in one go. Compare within a table only: the machine and its disk are part of every rate.",
  "",
  `- Date: ${new Date().toISOString().slice(0, 10)}`,
  `- Commit: ${commit()}`,
  `- Machine: ${machine()}`,
  `- Peers: ${peers().join(", ")}`,
];
const sections = [];
let failures = 0;

for (const name of wanted) {
  const file = join(folder, `${name}.md`);
  const loadBefore = load();
  console.log(`\n${name}`);
  const args = benches[name][values.short ? "short" : "whole"];
  const path = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args, "--markdown", file], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => child.kill(signal));
  const [code, signal] = await once(child, "exit");
  const table = existsSync(file) ? readFileSync(file, "utf8").trim() : "No row.";
  const failed = code === 0 ? [] : ["", `It ended early, with ${signal ?? code}.`];
  if (code !== 0) failures++;
  sections.push([`## ${name}`, "", `Load before and after: ${loadBefore}, ${load()}.`, "", table, ...failed]);
  write();
}

console.log(`\nwritten: ${target}`);
if (failures > 0) process.exitCode = 1;

/** Writes what there is: a run that is broken off has what it came to. */
function write() {
  const tables = sections.map((lines) => lines.join("\n")).join("\n\n");
  const list = moved(before, readFigures(tables)).map(
    ({ figure, before: then, now, share }) =>
      `- ${figure}: ${then} before, ${now} now (${share > 0 ? "+" : ""}${Math.round(share * 100)} %)`,
  );
  const compared =
    before.size === 0
      ? "There was no table before."
      : list.length === 0
        ? "No figure moved by more than 10 % against the table before."
        : ["Against the table before, by more than 10 %:", "", ...list].join("\n");
  writeFileSync(target, `${heading.join("\n")}\n\n${tables}\n\n## What moved\n\n${compared}\n`);
}
