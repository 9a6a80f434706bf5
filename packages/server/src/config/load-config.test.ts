import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServerError } from "../errors.ts";
import type { DataPlaneConfig } from "./config.ts";
import { findConfig } from "./find-config.ts";
import { loadConfig } from "./load-config.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-config-"));
after(() => rmSync(folder, { recursive: true }));

function load(name: string, text: string, environment: Record<string, string> = {}): Promise<DataPlaneConfig> {
  writeFileSync(join(folder, name), text);
  return loadConfig(join(folder, name), { environment });
}

async function refusal(loading: Promise<DataPlaneConfig>): Promise<ServerError> {
  const error: unknown = await loading.then(
    () => assert.fail("was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ServerError, String(error));
  assert.ok(!error.message.includes("\n"), error.message);
  return error;
}

const json = `{ "sources": [{ "name": "shop", "writeKey": "wk_shop", "destinations": ["audit"] }],
                "destinations": { "audit": { "type": "file", "path": "./events.jsonl" } } }`;

test("reads JSON, with or without a byte order mark", async () => {
  for (const text of [json, `\uFEFF${json}`]) {
    const config = await load("a.json", text);
    assert.equal(config.file, join(folder, "a.json"));
    assert.equal(config.directory, folder);
    assert.deepEqual(config.sources[0]?.destinations, ["audit"]);
  }
});

const module = (types: string) => `
  import { defineConfig, env } from "pintle";
  const path${types} = "./events.jsonl";
  export default defineConfig({
    sources: [{ name: "shop", writeKey: env("SHOP_KEY"), destinations: ["audit"] }],
    destinations: { audit: { type: "file", path } },
  });`;

for (const [name, text] of [
  ["a.ts", module(": string")],
  ["a.mts", module(": string")],
  ["a.js", module("")],
  ["a.mjs", module("")],
  ["a.cjs", `module.exports = ${json};`],
] as const) {
  test(`runs ${name}, in which "pintle" can be imported though no node_modules is near`, async () => {
    const config = await load(name, text, { SHOP_KEY: "wk_shop" });
    assert.deepEqual(config.sources[0]?.writeKeys, ["wk_shop"]);
    assert.deepEqual(config.destinations[0]?.settings, {
      path: "./events.jsonl",
      gzip: true,
      maxAge: 259_200_000,
      order: true,
    });
  });
}

test("runs a file anew each time, and what it imports too", async () => {
  const main = 'import { name } from "./name.ts"; export default { sources: [{ name, writeKey: "wk_shop" }] };';
  for (const name of ["first", "second"]) {
    writeFileSync(join(folder, "name.ts"), `export const name: string = "${name}";`);
    assert.equal((await load("reload.ts", main)).sources[0]?.name, name);
  }
});

test("says which file is missing, broken, fails, or exports nothing", async () => {
  const missing = await refusal(loadConfig(join(folder, "none.json")));
  assert.equal(missing.code, "PINTLE_CONFIG_NOT_FOUND");
  assert.match(missing.message, /none\.json: there is no such file$/);

  const broken = await refusal(load("broken.json", '{ "sources": [\n  { "writeKey": "wk_secret" "name" } ] }'));
  assert.equal(broken.code, "PINTLE_CONFIG_UNREADABLE");
  assert.match(broken.message, /broken\.json: not valid JSON at line 2, column 29$/);
  assert.ok(!JSON.stringify([broken.message, String(broken.cause)]).includes("wk_secret"));

  const failing = await refusal(load("failing.ts", 'throw new Error("no such tenant\\nsecond line");'));
  assert.match(failing.message, /failing\.ts: cannot be run: no such tenant$/);

  const syntax = await refusal(load("syntax.ts", "export default {\n  sources: [ }\n"));
  assert.match(syntax.message, /syntax\.ts: cannot be run: Unexpected token at line 2, column 14$/);

  const empty = await refusal(load("empty.ts", "export const config = {};"));
  assert.match(empty.message, /empty\.ts: has no default export; write: export default defineConfig\(\{ \.\.\. \}\)$/);

  const directory = await refusal(loadConfig(folder));
  assert.equal(directory.code, "PINTLE_CONFIG_UNREADABLE");
});

test("names the file, the path, the value and what is allowed", async () => {
  const error = await refusal(load("bad.json", json.replace('["audit"]', '["audti"]')));
  assert.equal(error.code, "PINTLE_CONFIG_INVALID");
  assert.equal(
    error.message,
    `${join(folder, "bad.json")}: sources[0].destinations[0]: no destination is called "audti"; did you mean "audit"? (destinations: audit)`,
  );
});

test("finds a configuration by its name, .ts before .json", () => {
  assert.equal(findConfig(folder), undefined);
  writeFileSync(join(folder, "pintle.config.json"), json);
  assert.equal(findConfig(folder), join(folder, "pintle.config.json"));
  writeFileSync(join(folder, "pintle.config.ts"), "");
  assert.equal(findConfig(folder), join(folder, "pintle.config.ts"));
});
