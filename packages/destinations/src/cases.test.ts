import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseJson, readCases, runCases } from "@pintle/kit";
import { loadDestinationTypes } from "./destination-types.ts";

for (const [name, type] of await loadDestinationTypes()) {
  if (type.isHttp !== true) continue;
  describe(`the cases of ${name}`, async () => {
    const file = new URL(`../src/${name}/${name}.cases.json`, import.meta.url);
    assert.ok(existsSync(file), `${name} has a table of cases`);
    const table = readCases(parseJson(readFileSync(file, "utf8")));
    assert.equal(table.destination, name);
    for (const result of await runCases(type, table)) {
      test(result.name, () => assert.deepEqual(result.problems, []));
    }
  });
}
