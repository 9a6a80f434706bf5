// npm run check: format and lint, import rules, and code that nothing uses. Needs no build.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { importProblems } from "./imports.mjs";
import { install, root } from "./prepare.mjs";
import { unusedExports } from "./unused.mjs";

install(root);

const biome = spawnSync(
  process.execPath,
  [join(root, "node_modules", "@biomejs", "biome", "bin", "biome"), "check", "."],
  {
    cwd: root,
    stdio: "inherit",
  },
);
const problems = [...importProblems(root), ...unusedExports(root)];
for (const problem of problems) console.error(problem);
if (biome.status !== 0 || problems.length > 0) process.exit(1);
console.error("check: no problems");
