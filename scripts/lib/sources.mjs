import { execFileSync } from "node:child_process";

/**
 * The files of TypeScript and JavaScript that git knows in the tree under `root`, by their paths
 * from there.
 */
export function sources(root) {
  const patterns = ["ts", "mts", "cts", "js", "mjs", "cjs"].map((extension) => `*.${extension}`);
  return execFileSync("git", ["ls-files", ...patterns], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
}
