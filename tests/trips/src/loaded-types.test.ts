/**
 * Which modules a data plane loads, in all of its threads and processes, as V8 says when they end.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { typeNames } from "@pintle/destinations";
import { DataPlane } from "./support/data-plane.ts";
import { tempFolder } from "./support/temp-folder.ts";

test("pintle start loads the types that the configuration uses, and no other", async () => {
  await using coverage = await tempFolder("loaded");
  const source = { name: "shop", writeKey: "wk_shop", destinations: ["audit"] };
  const destinations = {
    audit: { type: "file", path: "./events.jsonl" },
    // Its settings are checked as the configuration is loaded; the router has no use for it.
    off: { type: "relay", url: "http://127.0.0.1:9", writeKey: "wk", enabled: false },
  };
  await using plane = await DataPlane.start({ sources: [source], destinations }, { NODE_V8_COVERAGE: coverage.path });
  await plane.stop();
  const loaded = new Set<string>();
  for (const name of await readdir(coverage.path)) {
    const { result } = JSON.parse(await readFile(`${coverage.path}/${name}`, "utf8")) as { result: { url: string }[] };
    for (const { url } of result) loaded.add(url);
  }
  const isLoaded = (type: string) => [...loaded].some((url) => url.endsWith(`/destinations/dist/${type}/${type}.js`));
  assert.deepEqual(typeNames.filter(isLoaded), ["file", "relay"]);
});
