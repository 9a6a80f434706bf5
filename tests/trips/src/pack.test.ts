import assert from "node:assert/strict";
import { mkdir, readdir, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "./support/program.ts";
import { tempFolder } from "./support/temp-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("npm run pack makes what a project of one's own needs: pintle runs there, with a configuration in TypeScript", async () => {
  await using folder = await tempFolder("pack");
  const packed = join(folder.path, "packed");
  await mkdir(packed);
  await writeFile(join(packed, "pintle-0.0.1.tgz"), "of an older version");
  const said = await runProgram(process.execPath, [join(root, "scripts", "pack.mjs"), packed]);
  assert.ok(said.includes(`npm install ${join(packed, "*.tgz")}\n  npx pintle start`), said);

  // As npm would, but that what others have published is linked: no registry is asked.
  const modules = join(folder.path, "project", "node_modules");
  const tarballs = await readdir(packed);
  assert.equal(tarballs.length, 6, tarballs.join());
  for (const tarball of tarballs) {
    const name = /^pintle(?:-([a-z]+))?-\d/.exec(tarball)?.[1];
    const target = join(modules, name === undefined ? "pintle" : `@pintle/${name}`);
    await mkdir(dirname(target), { recursive: true });
    await runProgram("tar", ["-xzf", join(packed, tarball)], { cwd: folder.path });
    await rename(join(folder.path, "package"), target);
  }
  for (const name of ["jiti", "pino", "undici", "zod"])
    await symlink(join(root, "node_modules", name), join(modules, name), "junction");
  const project = dirname(modules);
  await writeFile(
    join(project, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["audit"] }],
       destinations: { audit: { type: "file", path: "./events.jsonl" } },
     });`,
  );
  const pintle = join(modules, "pintle", "bin", "pintle.js");
  const checked = await runProgram(process.execPath, [pintle, "check", "--send"], { cwd: project });
  assert.match(checked, /^pintle\.config\.ts is sound: 1 source, 1 destination$/m);
  assert.match(checked, /^ {2}it has the test event, which was removed again$/m);
  const sdk = `import("@pintle/sdk").then(({ Pintle }) => console.log(typeof Pintle))`;
  assert.equal(await runProgram(process.execPath, ["-e", sdk], { cwd: project }), "function\n");
});
