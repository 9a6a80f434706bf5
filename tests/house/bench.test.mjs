import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what a benchmark imports of the house is there", () => {
  const files = readdirSync(join(root, "bench"), { recursive: true })
    .filter((file) => file.endsWith(".mjs") && !file.split("/").includes("node_modules"))
    .map((file) => join(root, "bench", file));
  const wanted = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/["'](\.\.?\/[^"']*\.m?js)["']/g)].map(([, path]) => ({ file, path })),
  );
  assert.ok(wanted.length > 20);
  const missing = wanted.filter(({ file, path }) => !existsSync(join(dirname(file), path)));
  assert.deepEqual(
    missing.map(({ file, path }) => `${relative(root, file)}: ${path}`),
    [],
  );
});
