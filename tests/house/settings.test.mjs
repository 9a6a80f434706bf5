import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadDestinationTypes } from "../../packages/destinations/dist/index.js";
import { deliveryShape } from "../../packages/kit/dist/index.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/destinations.md", import.meta.url)), "utf8");

/** The rows of the table of settings in the section on a type: key, default as it is shown, and what it is. */
function rowsOf(type) {
  const start = page.indexOf(`\n## ${type}\n`);
  const section = page.slice(start, page.indexOf("\n## ", start + 1));
  const table = section.slice(section.indexOf("| setting |")).split("\n\n", 1)[0];
  return [...table.matchAll(/^\| `(\w+)` \| (.*?) ?\| (.*) \|$/gm)].map(([, key, shown, text]) => ({
    key,
    shown,
    text,
  }));
}

/** What a key without a value becomes, `undefined` where it then has none or is missing. */
const defaultOf = (schema) => schema.safeParse(undefined).data;

for (const [type, { settings }] of await loadDestinationTypes()) {
  const rows = rowsOf(type);
  // The settings of a database are on a page of their own.
  if (rows.length === 0) continue;

  test(`docs/destinations.md shows the settings of ${type} in the words of their schema`, () => {
    const shape = Object.entries(settings.shape).filter(([key]) => !Object.hasOwn(deliveryShape, key));
    assert.deepEqual(
      rows.map(({ key, text }) => [key, text]),
      shape.map(([key, schema]) => [key, schema.description]),
    );
    for (const { key, shown } of rows) {
      const schema = settings.shape[key];
      const value = /^`.*`$/.test(shown) ? JSON.parse(shown.slice(1, -1)) : undefined;
      if (shown === "") assert.equal(schema.safeParse(undefined).success, false, `${key} has to be given`);
      else if (shown === "none") assert.equal(defaultOf(schema), undefined, `${key} has no default`);
      else assert.deepEqual(defaultOf(schema), schema.parse(value), `the default of ${key} is ${shown}`);
    }
  });
}

test("every type that makes HTTP requests has its settings on the page", async () => {
  for (const [type, { isHttp }] of await loadDestinationTypes()) if (isHttp) assert.ok(rowsOf(type).length > 0, type);
});
