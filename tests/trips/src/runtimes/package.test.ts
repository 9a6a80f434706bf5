/** The packages as they are published: their entries, conditions and types, as tools see them that know every way to import. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needPackages } from "../support/packages.ts";
import { installPacked, pack } from "../support/packed.ts";
import { runProgram } from "../support/program.ts";
import { tempFolder } from "../support/temp-folder.ts";

const modules = fileURLToPath(new URL("../../../runtimes/node_modules", import.meta.url));
const publint = join(modules, "publint", "src", "cli.js");
const attw = join(modules, "@arethetypeswrong", "cli", "dist", "index.js");

for (const name of ["sdk", "events", "log"]) {
  test(`@pintle/${name}: publint and attw find nothing`, needPackages("tests/runtimes"), async () => {
    await using folder = await tempFolder("package");
    const tarball = await pack(name, folder.path);
    await runProgram("tar", ["-xzf", tarball], { cwd: folder.path });
    await runProgram(process.execPath, [publint, "run", join(folder.path, "package"), "--strict", "--pack", "false"]);
    await runProgram(process.execPath, [attw, tarball, "--profile", "esm-only", "--format", "ascii"]);
  });
}

test("@pintle/sdk as it is installed: what runs, what is read in a debugger, and no test", async () => {
  await using folder = await tempFolder("package");
  await installPacked(folder.path);
  const root = join(folder.path, "node_modules", "@pintle", "sdk");
  const files = await readdir(root, { recursive: true });
  assert.deepEqual(
    files.filter((file) => /\.test\.|simulation|tsbuildinfo/.test(file)),
    [],
  );
  for (const file of ["dist/index.js", "dist/index.d.ts", "src/index.ts", "dist/web.js"]) {
    assert.ok(existsSync(join(root, file)), file);
  }
  const installed = await readdir(join(folder.path, "node_modules", "@pintle"));
  assert.deepEqual(installed.sort(), ["events", "log", "sdk"], "no package of anybody else's comes with it");
});
