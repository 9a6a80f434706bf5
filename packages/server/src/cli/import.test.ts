import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../config/load-config.ts";
import { newFolder, Run, start } from "./run.test.support.ts";

const workspace = {
  sources: [
    {
      id: "2bShop",
      name: "Shop & more",
      writeKey: "wk_shop_key",
      sourceDefinition: { name: "Go" },
      destinations: [
        {
          id: "2bHook",
          name: "Orders hook",
          config: {
            webhookUrl: "https://hooks.example/orders",
            headers: [
              { from: "x-key", to: "header-secret" },
              { from: "x.key", to: "other-secret" },
            ],
          },
          destinationDefinition: { name: "WEBHOOK", displayName: "Webhook" },
        },
        {
          id: "2bGa",
          name: "GA4",
          config: {},
          destinationDefinition: { name: "GA4", displayName: "Google Analytics 4" },
        },
      ],
    },
  ],
};

function imported(): string {
  const folder = newFolder();
  writeFileSync(join(folder, "workspaceConfig.json"), JSON.stringify(workspace));
  return folder;
}

test("what import prints is a configuration that does the same, without the secrets", async () => {
  const folder = imported();
  const run = new Run(folder, ["import", "workspaceConfig.json"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.equal(
    run.stdout,
    `import { defineConfig, env } from "pintle";

// Not carried over:
// - destination "GA4": Pintle has no destination of its type, Google Analytics 4

// Secrets come from the environment:
// - ORDERS_HOOK_X_KEY: headers.x-key of the destination "Orders hook"
// - ORDERS_HOOK_X_KEY_2: headers.x.key of the destination "Orders hook"

export default defineConfig({
  sources: [
    {
      id: "2bshop",
      name: "Shop & more",
      writeKey: "wk_shop_key",
      destinations: ["Orders hook"],
    },
  ],
  destinations: {
    "Orders hook": {
      type: "webhook",
      id: "2bhook",
      url: "https://hooks.example/orders",
      headers: {
        "x-key": env("ORDERS_HOOK_X_KEY"),
        "x.key": env("ORDERS_HOOK_X_KEY_2"),
      },
    },
  },
});
`,
  );
  const written = join(folder, "pintle.config.ts");
  writeFileSync(written, run.stdout);
  const environment = { ORDERS_HOOK_X_KEY: "header-secret", ORDERS_HOOK_X_KEY_2: "other-secret" };
  const translated = await loadConfig(written, { environment });
  const asItIs = await loadConfig(join(folder, "workspaceConfig.json"));
  assert.deepEqual(translated.sources, asItIs.sources);
  assert.deepEqual(translated.destinations, asItIs.destinations);
  assert.deepEqual(asItIs.omitted, ['destination "GA4": Pintle has no destination of its type, Google Analytics 4']);
});

test("start takes the file as it is, and says what it leaves out", async () => {
  const folder = imported();
  const plane = start(folder, "--config", "workspaceConfig.json");
  const output = await plane.ready();
  assert.match(output, /^ +config +workspaceConfig\.json: 1 source, 1 destination$/m);
  assert.match(output, /^ +not carried over: destination "GA4": Pintle has no destination of its type/m);
  assert.ok(!output.includes("header-secret"));
  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0);
});

test("import refuses what it cannot read", async () => {
  const folder = newFolder();
  const refusal = (file: string) => new Run(folder, ["import", file]).refusal();
  writeFileSync(join(folder, "own.json"), '{"sources":[{"name":"s","writeKey":"k"}]}');
  writeFileSync(join(folder, "broken.json"), '{"sources":[');
  const urlless = structuredClone(workspace);
  urlless.sources[0]!.destinations[0]!.config = {};
  writeFileSync(join(folder, "urlless.json"), JSON.stringify(urlless));
  assert.match(await refusal("none.json"), /^none\.json: there is no such file$/);
  assert.match(await refusal("own.json"), /^own\.json: not a workspaceConfig\.json/);
  assert.match(await refusal("broken.json"), /^broken\.json: not valid JSON at line 1, column 13$/);
  assert.match(await refusal("urlless.json"), /^urlless\.json: destinations\["Orders hook"\]\.url: .*got ""$/);
  assert.match(await new Run(folder, ["import"]).refusal(), /^FILE is missing: pintle import FILE/);
});
