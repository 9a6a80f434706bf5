import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { importProblems, specifiersOf } from "../../scripts/lib/imports.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("the SDK's web entry reaches no module of Node", async () => {
  const { metafile } = await build({
    stdin: { contents: 'export * from "@pintle/sdk";', resolveDir: root },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
  });
  const imports = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ external }) => external).map(({ path }) => `${file}: ${path}`),
  );
  assert.ok(Object.keys(metafile.inputs).some((file) => file.endsWith("sdk/dist/web.js")));
  assert.deepEqual(imports, []);
});

test("reads every way to import, and nothing out of comments and prose", () => {
  const text = [
    'import a, { b } from "./a.ts";',
    'import type { C } from "node:c";',
    'export { d } from "./d.ts"; export * from "e/f"; export type { G } from "@x/g";',
    '// import h from "./h.ts";',
    '/* import i from "./i.ts"; */ const text = "// import a", more = `import "b"`; import("./j.ts"); import(text);',
    'import "./k.ts";',
  ].join("\n");
  assert.deepEqual(specifiersOf("a.ts", text).sort(), [
    "./a.ts",
    "./d.ts",
    "./j.ts",
    "./k.ts",
    "@x/g",
    "e/f",
    "node:c",
  ]);
});

const cases = {
  "a package imports downwards": {
    files: { "packages/sdk/src/a.ts": 'import "undici"; import "node:fs"; import "@pintle/events/strict";' },
    problems: [],
  },
  "a package imports upwards": {
    files: { "packages/events/src/a.ts": 'import type { A } from "@pintle/sdk";' },
    problems: ["packages/events/src/a.ts: @pintle/events may not import @pintle/sdk: imports point down only"],
  },
  "the SDK and the data plane import each other": {
    files: { "packages/sdk/src/a.ts": 'import "pintle";', "packages/server/src/a.ts": 'export * from "@pintle/sdk";' },
    problems: [
      "packages/sdk/src/a.ts: @pintle/sdk may not import pintle: imports point down only",
      "packages/server/src/a.ts: pintle may not import @pintle/sdk: imports point down only",
    ],
  },
  "a package imports itself by its name": {
    files: { "packages/sdk/src/a.ts": 'import "@pintle/sdk/web";' },
    problems: ["packages/sdk/src/a.ts: @pintle/sdk/web is this package: import the file"],
  },
  "three files import each other, one of them types alone": {
    files: {
      "packages/log/src/a.ts": 'import "./b.ts";',
      "packages/log/src/b.ts": 'import type { C } from "./c.ts"; import "./d.ts";',
      "packages/log/src/c.ts": 'export { a } from "./a.ts";',
      "packages/log/src/d.ts": "export const d = 1;",
    },
    problems: ["packages/log/src: circle of files: a.ts -> b.ts -> c.ts -> a.ts"],
  },
  "two folders import each other, by different files": {
    files: {
      "packages/log/src/in/one/a.ts": 'import "../two/deep/b.ts";',
      "packages/log/src/in/one/c.ts": "export const c = 1;",
      "packages/log/src/in/two/deep/b.ts": "export const b = 1;",
      "packages/log/src/in/two/d.ts": 'import type { C } from "../one/c.ts";',
    },
    problems: ["packages/log/src/in: circle of folders: one -> two -> one"],
  },
  "two folders that only a test and a file beside them tie together": {
    files: {
      "packages/log/src/one/a.ts": 'import "../two/b.ts";',
      "packages/log/src/two/b.ts": 'import "../c.ts";',
      "packages/log/src/two/b.test.ts": 'import "../one/a.ts";',
      "packages/log/src/c.ts": "export const c = 1;",
      "packages/log/src/d.ts": 'import "./one/a.ts"; import "./two/b.ts";',
    },
    problems: [],
  },
};

for (const [what, { files, problems }] of Object.entries(cases)) {
  test(`${what}: ${problems.length === 0 ? "fine" : "refused"}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "pintle-imports-"));
    const write = (file, text) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    };
    try {
      for (const name of ["events", "log", "sdk"]) write(`packages/${name}/package.json`, `{"name":"@pintle/${name}"}`);
      write("packages/server/package.json", '{"name":"pintle"}');
      for (const [file, text] of Object.entries(files)) write(file, text);
      assert.deepEqual(importProblems(folder), problems);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
