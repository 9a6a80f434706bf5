/**
 * Tracking plans of Zod, Valibot and ArkType, and types beside those of other SDKs: what does not
 * compile, and what is refused at run time.
 */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needPackages } from "../support/packages.ts";
import { runProgram } from "../support/program.ts";

const folder = fileURLToPath(new URL("../../../libraries", import.meta.url));
const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));

test(
  "tracking plans from types, Zod, Valibot and ArkType; types of the calls beside those of three other SDKs",
  needPackages("tests/libraries"),
  async () => {
    const dist = join(folder, "dist");
    try {
      await runProgram(process.execPath, [compiler, "-p", folder]);
      assert.equal(await runProgram(process.execPath, [join(dist, "plans.js")]), "plans: as expected\n");
    } finally {
      await rm(dist, { recursive: true, force: true });
    }
  },
);
