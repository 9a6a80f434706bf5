import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const locks = execFileSync("git", ["ls-files", "*package-lock.json"], { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n");

for (const lock of locks) {
  const { packages } = JSON.parse(readFileSync(join(root, lock), "utf8"));

  // npm leaves out of the lock file what it could not fetch when it wrote it, and `npm ci` then
  // refuses that file.
  test(`${lock} has every package that one of its packages may need, for all platforms`, () => {
    const missing = [];
    for (const [path, entry] of Object.entries(packages)) {
      for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
        if (find(packages, path, name) === undefined) missing.push(`${name}, which ${path || "the root"} needs`);
      }
    }
    assert.deepEqual(missing, []);
  });
}

test("nothing that users install runs a script on installation", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const scripted = Object.entries(packages).filter(([, entry]) => entry.hasInstallScript && !entry.dev);
  assert.deepEqual(
    scripted.map(([path]) => path),
    [],
  );
});

/** The entry that Node would find for `name` from the package at `path`. */
function find(packages, path, name) {
  for (let from = path; ; from = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/"))).replace(/\/$/, "")) {
    const entry = packages[from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`];
    if (entry !== undefined || from === "") return entry;
  }
}
