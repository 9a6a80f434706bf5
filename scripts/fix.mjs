// npm run fix: mends what a machine can mend of what `npm run check` finds: format, lint, and wide
// comments.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { install, root } from "./lib/prepare.mjs";
import { sources } from "./lib/sources.mjs";

install(root);
// Parses TypeScript by a package that has to be installed first.
const { wrapComments } = await import("./lib/comments.mjs");

for (const file of sources(root)) {
  const path = join(root, file);
  const text = readFileSync(path, "utf8");
  const wrapped = wrapComments(file, text);
  if (wrapped !== text) writeFileSync(path, wrapped);
}
const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
process.exitCode = spawnSync(process.execPath, [biome, "check", "--write", "."], {
  cwd: root,
  stdio: "inherit",
}).status;
