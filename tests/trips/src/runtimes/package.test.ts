/** The packages as they are published: their entries, conditions and types, as tools see them that know every way to import. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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

test("@pintle/sdk as it is installed: importing it loads no transport, no zlib, and few files", async () => {
  await using folder = await tempFolder("package");
  await installPacked(folder.path);
  const loaded = async (code: string): Promise<readonly string[]> => {
    const program = `${code}; console.log(JSON.stringify(process.moduleLoadList))`;
    const args = ["--input-type=module", "-e", program];
    return JSON.parse(await runProgram(process.execPath, args, { cwd: folder.path })) as string[];
  };
  const before = await loaded("");
  const added = (await loaded('await import("@pintle/sdk")')).filter((name) => !before.includes(name));
  // Only what Node has to have for import() itself, whatever is imported.
  const heavy = /NativeModule (?:_?http|https|zlib|net|tls|dns|crypto|fs|stream|internal\/deps\/undici)/;
  assert.deepEqual(
    added.filter((name) => heavy.test(name)),
    [],
  );
  const files = new Set<string>();
  const follow = async (file: string): Promise<void> => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, next = ""] of (await readFile(file, "utf8")).matchAll(/^(?:} |import |export )[^;]*?"(\.[^"]+)";$/gm))
      await follow(join(dirname(file), next));
  };
  await follow(join(folder.path, "node_modules", "@pintle", "sdk", "dist", "index.js"));
  assert.ok(files.size > 1 && files.size <= 8, [...files].join("\n"));
});
