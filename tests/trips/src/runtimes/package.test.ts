/**
 * The packages as they are published: their entries, conditions and types, as tools see them that
 * know every way to import.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needPackages } from "../support/packages.ts";
import { installPacked, pack } from "../support/packed.ts";
import { runProgram } from "../support/program.ts";
import { tempFolder } from "../support/temp-folder.ts";

interface Manifest {
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly homepage: string;
  readonly bugs: string;
  readonly repository: { readonly directory: string };
  readonly publishConfig: unknown;
  readonly scripts?: unknown;
  readonly exports: unknown;
}

const modules = fileURLToPath(new URL("../../../runtimes/node_modules", import.meta.url));
const publint = join(modules, "publint", "src", "cli.js");
const attw = join(modules, "@arethetypeswrong", "cli", "dist", "index.js");

for (const name of ["sdk", "events", "log"]) {
  test(`@pintle/${name}: publint and attw find nothing`, needPackages("tests/runtimes"), async () => {
    await using folder = await tempFolder("package");
    const tarball = await pack(name, folder.path);
    await runProgram("tar", ["-xzf", tarball], { cwd: folder.path });
    await runProgram(process.execPath, [publint, "run", join(folder.path, "package"), "--strict", "--pack", "false"]);
    await runProgram(process.execPath, [attw, tarball, "--format", "ascii"]);
  });
}

test("@pintle/kit: publint and attw find nothing, for ES modules", needPackages("tests/runtimes"), async () => {
  await using folder = await tempFolder("package");
  const tarball = await pack("kit", folder.path);
  await runProgram("tar", ["-xzf", tarball], { cwd: folder.path });
  await runProgram(process.execPath, [publint, "run", join(folder.path, "package"), "--strict", "--pack", "false"]);
  await runProgram(process.execPath, [attw, tarball, "--format", "ascii", "--profile", "esm-only"]);
});

for (const name of ["sdk", "events", "log", "kit", "destinations", "server"]) {
  test(`packages/${name}: what is packed is what runs, its sources, and what a registry shows`, async () => {
    await using folder = await tempFolder("package");
    await runProgram("tar", ["-xzf", await pack(name, folder.path)], { cwd: folder.path });
    const root = join(folder.path, "package");
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(relative(root, file.parentPath), file.name));
    assert.deepEqual(
      paths.filter(
        (path) =>
          !/^(?:package\.json|README\.md|LICENSE|(?:dist|src|bin)[/\\].*\.(?:[cm]?[jt]s|map|cases\.json))$/.test(path),
      ),
      [],
    );
    assert.deepEqual(
      paths.filter((path) => /\.test\.|simulation|tsbuildinfo/.test(path)),
      [],
    );
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
    const { description, keywords, license, homepage, bugs, repository, publishConfig, scripts } = manifest;
    assert.ok(description.length > 20 && keywords.length >= 4, name);
    assert.equal(license, "MIT");
    assert.match(homepage, new RegExp(`/packages/${name}#readme$`));
    assert.match(bugs, /\/issues$/);
    assert.equal(repository.directory, `packages/${name}`);
    assert.deepEqual(publishConfig, { access: "public", provenance: true });
    assert.equal(scripts, undefined, "nothing runs when it is installed");
    for (const target of JSON.stringify(manifest.exports).matchAll(/"(\.\/[^"]+)"(?!:)/g)) {
      assert.ok(existsSync(join(root, target[1]!)), target[1]);
    }
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
  for (const file of [
    "dist/index.js",
    "dist/index.cjs",
    "dist/index.d.ts",
    "dist/index.d.cts",
    "src/index.ts",
    "dist/web.js",
  ]) {
    assert.ok(existsSync(join(root, file)), file);
  }
  const installed = await readdir(join(folder.path, "node_modules", "@pintle"));
  assert.deepEqual(installed.sort(), ["events", "log", "sdk"], "no package of anybody else's comes with it");
});

test("@pintle/sdk and log as they are installed: source maps lead to sources that are there", async () => {
  await using folder = await tempFolder("package");
  await installPacked(folder.path);
  for (const name of ["sdk", "log"]) {
    const dist = join(folder.path, "node_modules", "@pintle", name, "dist");
    const maps = (await readdir(dist, { recursive: true })).filter((file) => /\.c?js\.map$/.test(file));
    assert.ok(maps.length > 0);
    for (const map of maps) {
      const { sources } = JSON.parse(await readFile(join(dist, map), "utf8")) as { sources: string[] };
      const missing = sources.filter((source) => !existsSync(join(dist, dirname(map), source)));
      assert.deepEqual(missing, [], map);
    }
  }
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
    for (const [, next = ""] of (await readFile(file, "utf8")).matchAll(/\b(?:from|import) ?"(\.[^"]+)";/g))
      await follow(join(dirname(file), next));
  };
  await follow(join(folder.path, "node_modules", "@pintle", "sdk", "dist", "index.js"));
  assert.ok(files.size > 1 && files.size <= 3, [...files].join("\n"));
});
