import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { sources } from "../../scripts/lib/sources.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const mostInFile = 400;
const mostInFunction = 70;

/** Longer files, and why: each has to be read as one. */
const longFiles = {
  "packages/sdk/src/pintle.ts": "the public API, most of it documentation",
};

/** Longer functions, and why. One that becomes shorter is taken out. */
const longFunctions = {
  "packages/kit/src/define-destination.ts defineDestination":
    "the checks of one definition, each a line with its message",
  "packages/log/src/segment-scan.ts readBatch": "one pass over bytes whose checks depend on those before them",
  "packages/sdk/src/transport/node.ts exchange": "the events of one request, which share when it is over",
  "packages/server/src/admin/prometheus.ts families": "a table of metrics",
  "packages/server/src/cli/start.ts runStart": "a recipe: the steps of one command in their order",
  "packages/server/src/config/check-config.ts checkConfig": "a recipe: the checks of a configuration in their order",
  "packages/server/src/data-plane.ts startDataPlane":
    "a recipe: the parts, started in order, stopped the other way round",
  "packages/server/src/gateway/gateway.ts createGateway": "the parts of one server, which share when it drains",
};

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
const named = new Set(["MethodDefinition", "PropertyDefinition", "Property"]);

/** The functions of a file, methods among them: name and lines of each. */
function functionsOf(file, text) {
  const found = [];
  const lines = (from, to) => text.slice(from, to).split("\n").length;
  const visit = (node, name) => {
    if (node === null || typeof node !== "object") return;
    if (Array.isArray(node)) {
      for (const each of node) visit(each, name);
      return;
    }
    let own = name;
    if (named.has(node.type)) own = text.slice(node.key.start, node.key.end);
    else if (node.type === "VariableDeclarator") own = node.id.name ?? name;
    else if (node.type === "FunctionDeclaration") own = node.id?.name ?? name;
    if (functions.has(node.type) && node.body) found.push({ name: own, lines: lines(node.start, node.end) });
    for (const value of Object.values(node)) visit(value, own);
  };
  visit(parseSync(file, text).program, "(nameless)");
  return found;
}

/** What is built and run by users. A test is read case by case. */
const files = sources(root)
  .filter((file) => /^(packages\/[^/]+\/src|scripts)\//.test(file) && !/\.test(\.support)?\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

test("finds functions of every kind by their names", () => {
  const text = "function a() {\n}\nconst b = () => {\n\n};\nclass C {\n  #d() {}\n  get e() {\n    return 1;\n  }\n}\n";
  assert.deepEqual(functionsOf("a.ts", text), [
    { name: "a", lines: 2 },
    { name: "b", lines: 3 },
    { name: "#d", lines: 1 },
    { name: "e", lines: 3 },
  ]);
});

test(`no file has more than ${mostInFile} lines, but for those that say why`, () => {
  const long = files.filter(({ text }) => text.trimEnd().split("\n").length > mostInFile).map(({ file }) => file);
  assert.deepEqual(long.sort(), Object.keys(longFiles).sort());
});

test(`no function has more than ${mostInFunction} lines, but for those that say why`, () => {
  const long = files.flatMap(({ file, text }) =>
    functionsOf(file, text)
      .filter(({ lines }) => lines > mostInFunction)
      .map(({ name }) => `${file} ${name}`),
  );
  assert.deepEqual([...new Set(long)].sort(), Object.keys(longFunctions).sort());
});
