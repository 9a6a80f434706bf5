import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The commit of the tree, with a word where it has changes that are in none. */
export function commit() {
  const git = (...args) => execFileSync("git", args, { cwd: here("../.."), encoding: "utf8" }).trim();
  try {
    return `${git("rev-parse", "--short=7", "HEAD")}${git("status", "--porcelain") === "" ? "" : ", with changes"}`;
  } catch {
    return "none: not a clone";
  }
}

/** The conditions that figures depend on besides the code: processor, memory, other load. */
export function machine() {
  const { model } = cpus()[0] ?? { model: "unknown processor" };
  return `${availableParallelism()} x ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

/** Processes that want to run, on the average of the last minute. */
export const load = () => loadavg()[0].toFixed(1);

/** The peers that benches compare with, with their versions, as they are installed. */
export function peers() {
  const read = (path) => JSON.parse(readFileSync(here(path), "utf8"));
  const { dependencies } = read("../package.json");
  const undici = read("../../packages/kit/package.json").dependencies.undici;
  return Object.entries({ ...dependencies, undici }).map(([name, version]) => `${name} ${version}`);
}
