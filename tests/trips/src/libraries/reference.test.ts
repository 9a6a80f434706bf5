/** The API reference: every name that the SDK exports has a docstring, and no link in one leads nowhere. */
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needPackages } from "../support/packages.ts";
import { runProgram } from "../support/program.ts";

const folder = fileURLToPath(new URL("../../../../scripts/reference", import.meta.url));

test("npm run docs finds nothing amiss", needPackages("scripts/reference"), async () => {
  const typedoc = join(folder, "node_modules", "typedoc", "bin", "typedoc");
  await runProgram(process.execPath, [typedoc, "--emit", "none"], { cwd: folder, deadline: 240_000 });
});
