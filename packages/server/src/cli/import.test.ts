import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../config/load-config.ts";
import { CommandRun, newFolder, start } from "./run.test.support.ts";

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
  const run = new CommandRun(folder, ["import", "workspaceConfig.json"]);
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
      rudderStackId: "2bShop",
      name: "Shop & more",
      writeKey: "wk_shop_key",
      destinations: ["Orders hook"],
    },
  ],
  destinations: {
    "Orders hook": {
      type: "webhook",
      id: "2bhook",
      rudderStackId: "2bHook",
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
  // What came from the environment is hidden for that.
  const destinations = translated.destinations.map(({ secrets, ...rest }) => rest);
  assert.deepEqual(destinations, asItIs.destinations);
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
  const refusal = (file: string) => new CommandRun(folder, ["import", file]).refusal();
  writeFileSync(join(folder, "own.json"), '{"sources":[{"name":"s","writeKey":"k"}]}');
  writeFileSync(join(folder, "broken.json"), '{"sources":[');
  const urlless = structuredClone(workspace);
  urlless.sources[0]!.destinations[0]!.config = {};
  writeFileSync(join(folder, "urlless.json"), JSON.stringify(urlless));
  assert.match(await refusal("none.json"), /^none\.json: there is no such file$/);
  assert.match(await refusal("own.json"), /^own\.json: not a workspaceConfig\.json/);
  assert.match(await refusal("broken.json"), /^broken\.json: not valid JSON at line 1, column 13$/);
  const run = new CommandRun(folder, ["import", "urlless.json"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.match(run.stdout, /^\/\/ - destination "Orders hook": all of it: url: .*got ""$/m);
  assert.match(await new CommandRun(folder, ["import"]).refusal(), /^FILE is missing: pintle import FILE/);
});

test("what is left out is also told where nothing is left, and where the start fails", async () => {
  const folder = newFolder();
  const sourceless = structuredClone(workspace);
  sourceless.sources[0]!.writeKey = "with a space";
  writeFileSync(join(folder, "workspaceConfig.json"), JSON.stringify(sourceless));
  for (const words of [
    ["import", "workspaceConfig.json"],
    ["check", "--config", "workspaceConfig.json"],
  ]) {
    const run = new CommandRun(folder, words);
    assert.equal(await run.ended, 1);
    assert.match(
      run.stderr,
      /^pintle: PINTLE_CONFIG_INVALID: workspaceConfig\.json: sources: at least one source is needed/m,
    );
    assert.match(
      run.stderr,
      /^pintle: PINTLE_CONFIG_INVALID: workspaceConfig\.json: not carried over: source "Shop & more": all of it: writeKey/m,
    );
    assert.match(
      run.stderr,
      /^pintle: PINTLE_CONFIG_INVALID: workspaceConfig\.json: not carried over: destination "GA4": Pintle has no/m,
    );
  }
  writeFileSync(join(folder, "workspaceConfig.json"), JSON.stringify(workspace));
  const failed = start(folder, "--config", "workspaceConfig.json", "--host", "192.0.2.1");
  assert.equal(await failed.ended, 1);
  assert.match(
    failed.stderr,
    /cannot listen on 192\.0\.2\.1.*\n(.*\n)*pintle: PINTLE_ADDRESS_UNAVAILABLE: not carried over: destination "GA4"/,
  );
});

test("of a file with several workspaces one is named", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "w.json"), JSON.stringify({ workspaces: { one: workspace, two: workspace } }));
  const all = /^w\.json: has several workspaces; say which one: --workspace ID \(there are "one"; "two"\)$/;
  for (const words of [
    ["import", "w.json"],
    ["check", "--config", "w.json"],
  ]) {
    assert.match(await new CommandRun(folder, words).refusal(), all);
    const run = new CommandRun(folder, [...words, "--workspace", "two"]);
    assert.equal(await run.ended, 0, run.stderr);
  }
  assert.match(await start(folder, "--config", "w.json").refusal(), all);
  writeFileSync(join(folder, "own.json"), '{"sources":[{"name":"s","writeKey":"k"}]}');
  const refused = await new CommandRun(folder, ["check", "--config", "own.json", "--workspace", "two"]).refusal();
  assert.match(refused, /^--workspace is for a workspaceConfig\.json, which own\.json is not$/);
});
