// npm run check: format and lint, import rules, and what nothing uses. Needs no build.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { install, root } from "./lib/prepare.mjs";

install(root);
// Parses TypeScript by a package that has to be installed first.
const { importProblems } = await import("./lib/imports.mjs");

const clean = [run("@biomejs/biome", "biome", "check", "."), run("knip", "knip.js", "--no-progress")];
const problems = importProblems(root);
for (const problem of problems) console.error(problem);
if (clean.includes(false) || problems.length > 0) process.exit(1);
console.error("check: no problems");

/** Runs the program of an installed package; gives whether it found nothing. */
function run(name, program, ...args) {
  const path = join(root, "node_modules", ...name.split("/"), "bin", program);
  return spawnSync(process.execPath, [path, ...args], { cwd: root, stdio: "inherit" }).status === 0;
}
