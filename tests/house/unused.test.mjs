import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { unusedExports } from "../../scripts/unused.mjs";

test("nothing in the tree is unused", () => {
  assert.deepEqual(unusedExports(fileURLToPath(new URL("../..", import.meta.url))), []);
});

test("finds files, values and dependencies that nobody uses, and nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "pintle-unused-"));
  const write = (file, content) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), typeof content === "string" ? content : JSON.stringify(content));
  };
  try {
    write("package.json", { workspaces: ["packages/*", "examples/one"] });
    write("packages/a/package.json", {
      exports: { ".": { default: "./dist/index.js" } },
      bin: { a: "./bin/a.js" },
      dependencies: { used: "1.0.0", spare: "1.0.0" },
    });
    write("packages/a/bin/a.js", 'import "../dist/main.js";');
    write(
      "packages/a/src/index.ts",
      'import "used/entry";\nexport const forOthers = 1;\nexport * from "./c.ts";\nimport "./b.ts";',
    );
    write("packages/a/src/c.ts", "export const passedOn = 1;");
    write("packages/a/src/b.ts", "export const inner = 1;\nexport const own = inner;\nexport function spare() {}");
    write("packages/a/src/main.ts", 'new Worker(new URL("./worker.js", import.meta.url));');
    write("packages/a/src/worker.ts", "// import './orphan.ts'");
    write("packages/a/src/tested.ts", "export const tested = 1;");
    write("packages/a/src/tested.test.ts", 'import { tested } from "./tested.ts"; tested;');
    write("packages/a/src/orphan.ts", "export {};");
    write("examples/one/package.json", { dependencies: { bystander: "1.0.0" } });
    write("examples/one/src/program.ts", "export {};");
    assert.deepEqual(unusedExports(folder), [
      "packages/a/src/orphan.ts: no entry and no test reaches this file",
      "packages/a/src/b.ts: nobody uses own",
      "packages/a/src/b.ts: nobody uses spare",
      "packages/a/package.json: nothing imports the dependency spare",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
