import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importProblems, isBuiltin, reachableFrom, sourceOf, specifiersOf } from "../../scripts/imports.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("imports between packages point down, and only at what a package exports", () => {
  assert.deepEqual(importProblems(root), []);
});

test("the SDK's web entry reaches no module of Node", () => {
  const { files, outside } = reachableFrom(sourceOf(root, "@pintle/sdk"), (specifier) => sourceOf(root, specifier));
  assert.ok(files.length > 1, "it reaches its own files");
  const builtins = outside.filter(({ specifier }) => isBuiltin(specifier));
  assert.deepEqual(
    builtins.map(({ file, specifier }) => `${relative(root, file)}: ${specifier}`),
    [],
  );
});

test("reads every way to import, with its line, and nothing out of comments and prose", () => {
  const text = [
    'import a, { b } from "./a.ts";',
    'import type { C } from "node:c";',
    'export { d } from "./d.ts"; export * from "e/f";',
    'import {\n  g,\n} from "@x/g";',
    '// import h from "./h.ts";',
    '/* import i from "./i.ts"; */ const text = "// import a", more = `import "b"`; import("./j.ts");',
    'import "./k.ts";',
    'new Worker(new URL("./l.js", import.meta.url)); new URL("/v1/x", base);',
    'const require = createRequire(import.meta.url); require("m");',
  ].join("\n");
  assert.deepEqual(specifiersOf(text), [
    ["./a.ts", 1, "import"],
    ["node:c", 2, "types"],
    ["./d.ts", 3, "import"],
    ["e/f", 3, "import"],
    ["@x/g", 4, "import"],
    ["./j.ts", 8, "import"],
    ["./k.ts", 9, "import"],
    ["./l.js", 10, "url"],
    ["m", 11, "import"],
  ]);
});

const manifests = {
  "packages/events": { name: "@pintle/events", exports: { ".": {}, "./strict": {} } },
  "packages/sdk": { name: "@pintle/sdk", exports: { ".": {} }, dependencies: { undici: "1.0.0" } },
  "packages/server": { name: "pintle", exports: { ".": {} } },
};

const broken = [
  [
    "packages/events/src/a.ts",
    'import "@pintle/sdk";',
    "@pintle/events may not import @pintle/sdk: imports point down only",
  ],
  ["packages/sdk/src/a.ts", 'import "pintle";', "@pintle/sdk may not import pintle: imports point down only"],
  ["packages/server/src/a.ts", 'import "@pintle/sdk";', "pintle may not import @pintle/sdk: imports point down only"],
  [
    "packages/sdk/src/a.ts",
    'import "@pintle/events/dist/x.js";',
    "@pintle/events/dist/x.js is no entry of @pintle/events's exports",
  ],
  [
    "packages/sdk/src/a.ts",
    'export * from "../../events/src/a.ts";',
    "../../events/src/a.ts leaves the package: import an entry of its exports",
  ],
  ["packages/sdk/src/a.ts", 'import "@pintle/sdk";', "@pintle/sdk is this package: import the file"],
  ["packages/sdk/src/a.ts", 'import "./b.js";', "./b.js does not exist (relative imports end in .ts)"],
  ["packages/sdk/src/a.ts", 'import "lodash";', "lodash is not in the dependencies"],
  ["packages/sdk/src/a.ts", 'import "undici"; import "node:fs"; import "@pintle/events/strict";', undefined],
  ["packages/sdk/src/a.test.ts", 'import "fast-check";', undefined],
];

for (const [file, text, problem] of broken) {
  test(`${file} with ${text} ${problem === undefined ? "is fine" : "is refused"}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "pintle-imports-"));
    try {
      for (const [name, manifest] of Object.entries(manifests)) {
        mkdirSync(join(folder, name, "src"), { recursive: true });
        writeFileSync(join(folder, name, "package.json"), JSON.stringify(manifest));
      }
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
      const problems = importProblems(folder);
      assert.deepEqual(problems.slice(0, 1), problem === undefined ? [] : [`${file}:1: ${problem}`]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
