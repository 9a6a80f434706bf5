import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { sources } from "../../scripts/lib/sources.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const kinds = new Set(["ClassDeclaration", "TSInterfaceDeclaration", "TSTypeAliasDeclaration", "TSEnumDeclaration"]);

/**
 * Names that stand for two things, because the public API of two packages or entries wants each.
 */
const shared = {
  // The same client, on Node and elsewhere.
  Pintle: ["sdk/src/index.ts", "sdk/src/web.ts"],
  // What a service answers to a request, for authors of destinations; what a fake data plane
  // answers, for tests of programs that send.
  Answer: ["kit/src/outcome.ts", "sdk/src/testing/answer.ts"],
  // What became of an event, for authors of destinations; what became of a message, for programs.
  Outcome: ["kit/src/outcome.ts", "sdk/src/outcome.ts"],
  Delivered: ["kit/src/outcome.ts", "sdk/src/outcome.ts"],
  // Names of other clients, which programs that come from them import.
  Context: ["events/src/message.ts", "sdk/src/compat/analytics-node/context.ts"],
  Analytics: ["sdk/src/compat/analytics-node/analytics.ts", "sdk/src/compat/rudder-sdk-node/analytics.ts"],
  ...Object.fromEntries(
    ["AliasParams", "GroupParams", "IdentifyParams", "PageParams", "TrackParams"].map((name) => [
      name,
      ["sdk/src/compat/analytics-node/params.ts", "sdk/src/compat/rudder-sdk-node/types.ts"],
    ]),
  ),
};

/** The types that a file declares at its top level. */
function typesOf(file, text) {
  return parseSync(file, text)
    .program.body.map((statement) => statement.declaration ?? statement)
    .filter((declaration) => kinds.has(declaration?.type) && declaration.id)
    .map((declaration) => declaration.id.name);
}

test("finds every kind of type, exported or not, once for each file", () => {
  const text =
    "export class A {}\ninterface B {}\ntype C = 1;\nexport default class D {}\nfunction f() { class E {} }\nexport { G } from 'g';";
  assert.deepEqual(typesOf("a.ts", text), ["A", "B", "C", "D"]);
});

test("a type's name is declared in one file of all packages", () => {
  const places = new Map();
  for (const file of sources(root)) {
    const inPackage = /^packages\/(.+\/src\/.+\.ts)$/.exec(file)?.[1];
    // What a test declares is its own: nobody reads two tests at once.
    if (inPackage === undefined || file.endsWith(".test.ts")) continue;
    for (const name of new Set(typesOf(file, readFileSync(join(root, file), "utf8")))) {
      places.set(name, [...(places.get(name) ?? []), inPackage]);
    }
  }
  const several = [...places].filter(([, files]) => files.length > 1).map(([name, files]) => [name, files.sort()]);
  assert.deepEqual(Object.fromEntries(several.sort()), Object.fromEntries(Object.entries(shared).sort()));
});
