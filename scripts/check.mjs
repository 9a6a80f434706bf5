// npm run check: format and lint, import rules, and what nothing uses. Builds first: what
// is used by what is built alone, knip follows back to its sources.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./lib/prepare.mjs";
import { sources } from "./lib/sources.mjs";

prepare();
// Parses TypeScript by a package that has to be installed first.
const { importProblems } = await import("./lib/imports.mjs");
const { wrapComments } = await import("./lib/comments.mjs");

const clean = [run("@biomejs/biome", "biome", "check", "."), run("knip", "knip.js", "--no-progress")];
const problems = [...importProblems(root), ...commentProblems()];
for (const problem of problems) console.error(problem);
if (clean.includes(false) || problems.length > 0) process.exit(1);
console.error("check: no problems");

/** Each file with a comment beyond column 100. */
function commentProblems() {
  return sources(root).flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const wrapped = wrapComments(file, text);
    if (wrapped === text) return [];
    const lines = wrapped.split("\n");
    const line = text.split("\n").findIndex((each, index) => each !== lines[index]) + 1;
    return [`${file}:${line}: a comment is wider than 100 columns: npm run fix`];
  });
}

/** Runs the program of an installed package; gives whether it found nothing. */
function run(name, program, ...args) {
  const path = join(root, "node_modules", ...name.split("/"), "bin", program);
  return spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: "inherit" }).status === 0;
}
