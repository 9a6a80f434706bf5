// npm test [-- PATH... | --flag...]: installs and builds what is missing, then runs every test by
// Node's own runner. A PATH (part of one, such as `packages/sdk`) narrows it; flags are passed on
// (`--test-name-pattern=...`).
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { prepare, root } from "./lib/prepare.mjs";

prepare();

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
const files = findTests().filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error(`no test file's path contains ${wanted.map((part) => JSON.stringify(part)).join(" or ")}`);
  process.exit(1);
}

const runner = spawn(
  process.execPath,
  [
    "--test",
    "--test-timeout=600000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "scripts", "lib", "skipped.mjs")}`,
    "--test-reporter-destination=stderr",
    "--enable-source-maps",
    ...flags,
    ...files,
  ],
  { cwd: root, stdio: "inherit" },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => runner.kill(signal));
runner.on("exit", (code) => {
  process.exitCode = code ?? 1;
});

/**
 * The compiled tests of all workspaces, and the house's own. Found by their sources: `dist` may
 * hold tests that are gone.
 */
function findTests() {
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const folders = workspaces.flatMap((pattern) =>
    pattern.endsWith("/*") ? list(join(root, pattern.slice(0, -2))) : [join(root, pattern)],
  );
  const compiled = folders
    .map((folder) => join(folder, "src"))
    .filter(existsSync)
    .flatMap((source) =>
      readdirSync(source, { recursive: true })
        .filter((file) => file.endsWith(".test.ts"))
        .map((file) => join(source, "..", "dist", file.replace(/\.ts$/, ".js"))),
    );
  const own = list(join(root, "tests", "house")).filter((file) => file.endsWith(".test.mjs"));
  return [...compiled, ...own].map((file) => relative(root, file).split(sep).join("/")).sort();
}

function list(folder) {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}
