import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadDestinationType, typeNames } from "@pintle/destinations";
import { defineDestination, z } from "@pintle/kit";
import { secretsOf } from "@pintle/kit/host";
import { loadConfig } from "./load-config.ts";
import { loadOwnTypes, takeOwnTypes } from "./own-types.ts";
import { InvalidConfigError } from "./problem.ts";

const known: ReadonlySet<string> = new Set(typeNames);

const folder = mkdtempSync(join(tmpdir(), "pintle-own-"));
after(() => rmSync(folder, { recursive: true }));

const chat = defineDestination<{ room: string }>({
  type: "chat",
  displayName: "Chat",
  description: "a test",
  settings: { room: z.string().describe("a room") },
  requests: () => [],
});

test("a type that stands in the configuration is taken out, and its name stands there", () => {
  const settings = { room: "a" };
  const input = { destinations: { one: { type: chat, ...settings }, two: { type: chat }, hook: { type: "webhook" } } };
  const taken = takeOwnTypes(input, known);
  assert.deepEqual(taken.problems, []);
  assert.deepEqual([...taken.types], [["chat", chat]]);
  assert.deepEqual(taken.input, {
    destinations: { one: { type: "chat", room: "a" }, two: { type: "chat" }, hook: { type: "webhook" } },
  });
  for (const other of [undefined, {}, { destinations: [] }, { destinations: { a: null, b: { type: {} } } }]) {
    assert.deepEqual(takeOwnTypes(other, known).input, other);
  }
});

test("two types of one name are refused", async () => {
  const of = (...types: unknown[]) =>
    takeOwnTypes({ destinations: Object.fromEntries(types.map((type, n) => [`d${n}`, { type }])) }, known).problems;
  assert.deepEqual(of(chat, { ...chat }), [
    {
      path: "destinations.d1.type",
      message: 'has the name "chat", which is that of another type of this configuration: give it another, type: "..."',
    },
  ]);
  assert.match(of({ ...chat, type: "webhook" })[0]?.message ?? "", /that of a type that Pintle has/);
  assert.match(of(await loadDestinationType("webhook"))[0]?.message ?? "", /that of a type that Pintle has/);
});

test("a configuration brings a type of its own, which knows its secrets and checks its settings", async () => {
  const file = join(folder, "pintle.config.ts");
  writeFileSync(
    join(folder, "chat.ts"),
    `import { defineDestination, secret, z } from "pintle/kit";
    export default defineDestination<{ pass: string; room: string }>({
      type: "chat", displayName: "Chat", description: "says it in a room",
      settings: {
        pass: secret(z.string().min(5, "A pass has five letters")).describe("of the room"),
        room: z.string().default("all").describe("the room"),
      },
      requests: (events, { room }) => events.map((event, at) => ({
        method: "POST", url: \`http://chat/\${room}\`, headers: {}, body: String(event.event), events: [at],
      })),
    });`,
  );
  const write = (pass: string) =>
    writeFileSync(
      file,
      `import { defineConfig, env } from "pintle";
      import chat from "./chat.ts";
      export default defineConfig({
        sources: [{ name: "shop", writeKey: "wk", destinations: ["team"] }],
        destinations: { team: { type: chat, pass: ${pass}, only: { types: ["track"] } } },
      });`,
    );
  write('"xoxb-1"');
  const config = await loadConfig(file);
  const [team] = config.destinations;
  assert.deepEqual(
    [team?.type, team?.settings],
    ["chat", { pass: "xoxb-1", room: "all", maxAge: 259_200_000, order: true }],
  );
  assert.equal(config.redact("it is xoxb-1"), "it is [redacted]");
  assert.equal(team?.ownType?.file, file);
  assert.doesNotThrow(() => structuredClone(config.destinations));

  // Another thread finds the type by itself, and another load is another run of its code.
  const types = await loadOwnTypes(structuredClone(config.destinations));
  assert.deepEqual([...types.keys()], ["chat"]);
  assert.deepEqual(secretsOf(types.get("chat")!.settings, team?.settings), ["xoxb-1"]);
  assert.notEqual((await loadConfig(file)).destinations[0]?.ownType?.run, team?.ownType?.run);

  write('"abcd"');
  await assert.rejects(
    loadConfig(file),
    (error) => error instanceof InvalidConfigError && /got a string \(hidden\)$/.test(error.message),
  );
  write('env("TOKEN")');
  await assert.rejects(
    loadConfig(file, { environment: { TOKEN: "abcd" }, shownAs: "pintle.config.ts" }),
    (error) =>
      error instanceof InvalidConfigError &&
      error.message ===
        "pintle.config.ts: destinations.team.pass: a pass has five letters, got the value of the environment variable TOKEN",
  );
});
