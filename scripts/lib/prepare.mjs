// Brings a fresh clone to the state in which its programs run: packages installed, TypeScript
// built. Nothing but Node's own modules is used here, and no syntax that an old Node could not
// read: it has to get as far as the message for it.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `engines` of package.json, as numbers. */
const oldestNode = [20, 19];

export function prepare() {
  checkNode();
  install(root);
  build();
}

export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  fail(
    `Pintle needs Node ${oldestNode.join(".")} or later; this is Node ${process.versions.node} (${process.execPath}).`,
  );
}

/** `npm ci` in `folder`, where its packages are missing or older than the lock file. */
export function install(folder) {
  const installed = join(folder, "node_modules", ".package-lock.json");
  const lock = join(folder, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  // Under `npm start` and the like, npm says where it is; by hand, it is on the PATH.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  step("install packages", () =>
    npm?.endsWith(".js")
      ? spawnSync(process.execPath, [npm, ...args], { cwd: folder, encoding: "utf8" })
      : spawnSync("npm", args, { cwd: folder, encoding: "utf8", shell: process.platform === "win32" }),
  );
}

/** Compiles everything, or what lies in one folder and what that needs. */
export function build(folder) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  step("build", () =>
    spawnSync(process.execPath, [tsc, "-b", ...(folder === undefined ? [] : [folder])], {
      cwd: root,
      encoding: "utf8",
    }),
  );
}

/** Runs one step; says so in one line, and is silent about its output unless it fails. */
function step(name, run) {
  const before = Date.now();
  const result = run();
  const seconds = ((Date.now() - before) / 1000).toFixed(1);
  if (result.status === 0) {
    console.error(`${name}: ${seconds} s`);
    return;
  }
  // Ctrl-C, which reaches the step as well: no news to whoever pressed it.
  if (result.signal) process.exit(128 + constants.signals[result.signal]);
  if (result.stdout) process.stderr.write(result.stdout);
  if (result.stderr) process.stderr.write(result.stderr);
  fail(`${name}: failed${result.error ? ` (${result.error.message})` : ""}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
