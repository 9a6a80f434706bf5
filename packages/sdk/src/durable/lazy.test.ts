import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** Every module that an import of this one brings with it. */
function importedBy(entry: URL, found: Set<string> = new Set()): Set<string> {
  if (found.has(entry.href)) return found;
  found.add(entry.href);
  for (const [, specifier = ""] of readFileSync(entry, "utf8").matchAll(/^(?:import|export)\b[^;]*?"([^"]+)";$/gm)) {
    const isOurs = specifier.startsWith(".") || specifier.startsWith("@pintle/");
    if (isOurs)
      importedBy(
        new URL(specifier.startsWith(".") ? new URL(specifier, entry) : import.meta.resolve(specifier)),
        found,
      );
  }
  return found;
}

test("a client in memory loads nothing of durable mode", () => {
  for (const entry of ["../index.js", "../web.js"]) {
    const files = [...importedBy(new URL(entry, import.meta.url))];
    assert.ok(files.length > 20, "it finds what there is");
    assert.deepEqual(
      files.filter((file) => file.includes("/durable/") || file.includes("/log/")),
      [],
    );
  }
  const web = [...importedBy(new URL("../web.js", import.meta.url))];
  assert.deepEqual(
    web.filter((file) => /\/kep|\/keep/.test(file)),
    [],
  );
  assert.ok([...importedBy(new URL("./open-keeper.js", import.meta.url))].some((file) => file.includes("/log/")));
});
