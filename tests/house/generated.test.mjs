import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { configTypesText } from "../../scripts/generate/config-types.mjs";
import { registryText } from "../../scripts/generate/registry.mjs";
import { generated, staleIn } from "../../scripts/lib/generated.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what is made of the folders of destinations is up to date; if not: npm run build", async () => {
  assert.deepEqual(staleIn(root, await generated(root)), []);
});

test("a file is stale when it says something else, is missing, or is to go", () => {
  const files = new Map([
    ["README.md", "something else"],
    ["none.md", "something"],
    ["LICENSE", undefined],
    ["none.ts", undefined],
  ]);
  assert.deepEqual(staleIn(root, files), ["README.md", "none.md", "LICENSE"]);
});

test("the registry loads what each folder exports under its name, and only when it is asked", () => {
  const text = registryText([{ type: "ad-things", isTranslated: true }, { type: "relay" }]);
  assert.ok(text.includes('"ad-things": async () => (await import("./ad-things/ad-things.ts")).adThings,'), text);
  assert.ok(text.includes('"ad-things": async () => (await import("./ad-things/rudderstack.ts")).translator,'), text);
  assert.ok(!text.includes("./relay/rudderstack.ts"), text);
});

test("the type of a setting is what its schema takes, with its description and default", async () => {
  const author = await import("../../packages/kit/dist/index.js");
  const kit = { ...author, ...(await import("../../packages/kit/dist/host.js")) };
  const { z, bytes, secret } = kit;
  const thing = kit.defineDestination({
    type: "ad-things",
    displayName: "Things",
    description: "Sends things",
    settings: {
      key: secret(z.string()).describe("The key"),
      size: bytes({ min: 1, max: 1e6 }).default(500_000).describe("The most"),
      kinds: z
        .array(z.enum(["a", "b"]))
        .optional()
        .describe("The kinds"),
      names: z
        .record(z.string(), z.boolean())
        .default({})
        .describe(`The names, ${"and more of them, ".repeat(6)}all`),
    },
    requests: () => [],
  });
  const text = configTypesText([thing], kit);
  for (const part of [
    "/** Sends things. */\nexport interface AdThingsConfig extends DeliveryConfig {",
    "  /** The key. */\n  readonly key: string | EnvReference;",
    '  /** The most. @default "500KB" */\n  readonly size?: number | string | EnvReference;',
    '  readonly kinds?: readonly ("a" | "b" | EnvReference)[];',
    "and more of them, all.\n   * @default {}\n   */\n  readonly names?: Readonly<Record<string, boolean>>;",
    "readonly maxAge?: number | string | EnvReference;",
  ]) {
    assert.ok(text.includes(part), `${part}\n\n${text}`);
  }
  for (const line of text.split("\n")) if (/^ +\/?\*/.test(line)) assert.ok(line.length <= 100, line);
});
