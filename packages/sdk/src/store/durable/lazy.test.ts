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

/** What of durable mode an entry of the package brings with it. */
function durableOf(entry: string): string[] {
  const files = [...importedBy(new URL(entry, import.meta.url))];
  assert.ok(files.length > 20, "it finds what there is");
  return files
    .filter((file) => file.includes("/durable/") || file.includes("/log/"))
    .map((file) => file.slice(file.lastIndexOf("/") + 1))
    .sort();
}

test("a client in memory loads nothing of durable mode but its options, and on the web not even those", () => {
  const options = ["durable-errors.js", "durable-options.js"];
  assert.deepEqual(durableOf("../../index.js"), [...options, "moves.js", "opening-store.js", "stored-entry.js"]);
  assert.deepEqual(durableOf("../../web.js"), []);
  assert.ok([...importedBy(new URL("./open-store.js", import.meta.url))].some((file) => file.includes("/log/")));
});
