/**
 * The API reference: every name that the SDK exports has a docstring and an example, no link in one
 * leads nowhere, and every example compiles and runs.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { compileSamples } from "../support/docs-sample.ts";
import { needPackages } from "../support/packages.ts";
import { runProgram } from "../support/program.ts";
import { examplesIn, namesWithoutExample, type Reference } from "../support/reference.ts";
import { tempFolder } from "../support/temp-folder.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const folder = join(root, "scripts", "reference");

test("npm run docs finds nothing amiss, and every example runs", needPackages("scripts/reference"), async (t) => {
  await using temp = await tempFolder("reference");
  const typedoc = join(folder, "node_modules", "typedoc", "bin", "typedoc");
  const [html, json] = [join(temp.path, "html"), join(temp.path, "reference.json")];
  await runProgram(process.execPath, [typedoc, "--out", html, "--json", json], { cwd: folder, deadline: 240_000 });
  const reference = JSON.parse(await readFile(json, "utf8")) as Reference;

  await t.test("every public name has an example", () => assert.deepEqual(namesWithoutExample(reference), []));

  // Those of the adapters have their frameworks in them.
  await t.test("examples", needPackages("examples/apps"), async (t) => {
    const examples = examplesIn(reference);
    const packages = join(root, "examples", "apps", "node_modules");
    await using compiled = await compileSamples(examples, { packages });
    for (const { name } of examples) {
      await t.test(name, async () => {
        await using plane = await FakeDataPlane.start({ writeKey: "wk_docs" });
        const env = { WRITE_KEY: "wk_docs", DATA_PLANE_URL: plane.url, EVENTS_DIR: join(temp.path, "events") };
        const { code, output } = await compiled.run(name, env);
        assert.equal(code, 0, output);
      });
    }
  });
});
