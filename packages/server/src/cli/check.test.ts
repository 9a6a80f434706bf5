import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseCommandLine } from "./command.ts";
import { commands } from "./commands.ts";
import { CommandRun, configured, newFolder, print, refusal } from "./run.test.support.ts";

const received: { path: string | undefined; authorization: string | undefined; body: string }[] = [];
const server = createServer(async (request: IncomingMessage, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  received.push({ path: request.url, authorization: request.headers.authorization, body });
  const refuses = request.url === "/refuses";
  response.writeHead(refuses ? 400 : 202, { "x-request": "r-1" });
  response.end(refuses ? "unknown event\nwith token_secret" : "taken");
});
let url = "";
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => void server.close());

test("a sound configuration is said to be so, and nothing is sent", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url: `${url}/takes` } },
  });
  const run = new CommandRun(folder, ["check"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.equal(run.stdout, "pintle.config.json is sound: 1 source, 1 destination\n");
  assert.deepEqual(received.splice(0), []);
});

test("a configuration that is not sound is refused with every problem", async () => {
  const folder = configured({ sources: [{ name: "shop" }], destinations: { hook: { type: "webhok" } } });
  const run = new CommandRun(folder, ["check", "--config", "pintle.config.json"]);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr, /^pintle: PINTLE_CONFIG_INVALID: pintle\.config\.json: sources\[0\]\.writeKey: is missing/m);
  assert.match(
    await new CommandRun(folder, ["check", "--config", "none.ts"]).refusal(),
    /^none\.ts: there is no such file$/,
  );
  assert.match(
    await new CommandRun(newFolder(), ["check", "--send"]).refusal(),
    /^there is none of pintle\.config\.ts, /,
  );
});

test("--send shows request and answer of each destination, and no secret", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["takes"] }],
    destinations: {
      takes: { type: "webhook", url: `${url}/takes`, headers: { authorization: { env: "TOKEN" } } },
      refuses: { type: "webhook", url: `${url}/refuses`, headers: { authorization: "token_secret" } },
      nobody: { type: "webhook", url: "http://127.0.0.1:9" },
      audit: { type: "file", path: "./out.jsonl" },
      off: { type: "webhook", url: `${url}/off`, enabled: false },
    },
  });
  const run = new CommandRun(folder, ["check", "--send"], { TOKEN: "Bearer token_of_env" });
  assert.equal(await run.ended, 1, "one that does not deliver is a failure");
  const [first, second, ...others] = received.splice(0);
  assert.deepEqual(others, []);
  assert.deepEqual([first?.path, first?.authorization], ["/takes", "Bearer token_of_env"]);
  const event = JSON.parse(first?.body ?? "") as Record<string, unknown>;
  assert.deepEqual([event.type, event.event, event.properties], ["track", "Pintle Test", { test: true }]);
  assert.equal(second?.authorization, "token_secret");

  const { stdout } = run;
  assert.ok(!stdout.includes("token_secret") && !stdout.includes("token_of_env"), stdout);
  assert.match(stdout, /^takes \(webhook\)\n {2}> POST http:\/\/127\.0\.0\.1:\d+\/takes\n/m);
  assert.match(stdout, /^ {2}> authorization: \[redacted\]$/m);
  assert.match(stdout, /^ {2}> \{.*"event":"Pintle Test".*\}$/m);
  assert.match(stdout, /^ {2}< 202\n( {2}< [a-z-]+: .*\n)* {2}<\n {2}< taken\n {2}it has the test event$/m);
  assert.match(
    stdout,
    /^ {2}< unknown event\n {2}< with \[redacted\]\n {2}refused, it would become a dead letter \(http_400: /m,
  );
  assert.match(
    stdout,
    /^nobody \(webhook\)\n(?: {2}> .*\n| {2}>\n)* {2}! connect ECONNREFUSED 127\.0\.0\.1:9\n {2}not delivered, .*\(connect/m,
  );
  assert.match(stdout, /^off \(webhook\): not enabled, nothing is sent$/m);
  assert.match(stdout, /^audit \(file\)\n {2}it has the test event, which was removed again$/m);
  assert.deepEqual(readdirSync(folder), ["pintle.config.json"], "nothing stays");
  const said = stdout.slice(stdout.indexOf("To be sent"), stdout.indexOf("\n\ntakes"));
  assert.match(
    said,
    /^To be sent, track "Pintle Test" of the user pintle-check:\n {2}takes \(webhook\): POST http:.*\/takes\n/,
  );
  assert.match(
    said,
    /^ {2}audit \(file\): a line in a file of its own, .*out\.jsonl\.pintle_check_[a-z]{8}, which is removed$/m,
  );
});

test("nothing is sent before it was said, nor where nobody on the terminal says yes", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url: `${url}/takes?token=t0k` } },
  });
  const answered = async (yes: boolean, ...more: string[]): Promise<[number, string, string[]]> => {
    const parsed = parseCommandLine(["check", "--send", ...more], commands);
    assert.ok(parsed.kind === "run");
    const printed: string[] = [];
    const asked: string[] = [];
    const code = await parsed.command.run(parsed.call, {
      print: (line) => void printed.push(line),
      environment: {},
      directory: folder,
      async ask(question) {
        assert.match(
          printed.join("\n"),
          /hook \(webhook\): POST http:\/\/127\.0\.0\.1:\d+\/takes\?token=\[redacted\]$/,
        );
        assert.deepEqual(received, []);
        asked.push(question);
        return yes;
      },
    });
    return [code, printed.at(-1) ?? "", asked];
  };
  assert.deepEqual(await answered(false), [1, "nothing was sent", ["Send it? [y/N] "]]);
  assert.deepEqual(received, []);
  assert.deepEqual(await answered(true), [0, "  it has the test event", ["Send it? [y/N] "]]);
  assert.equal(received.splice(0).length, 1);
  assert.deepEqual(await answered(false, "--yes"), [0, "  it has the test event", []]);
  assert.equal(received.splice(0).length, 1);
});

test("--destination and --event say what goes where, and filters hold", async () => {
  const hook = { type: "webhook", url: `${url}/takes` };
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: {
      hook,
      orders: { ...hook, only: { events: ["Order Completed"] } },
      people: { ...hook, except: { types: ["track"] } },
      consenting: { ...hook, consent: { ids: ["marketing"] } },
    },
  });
  const event = {
    type: "track",
    userId: "u1",
    event: "Order Completed",
    properties: { total: 5 },
    context: { consentManagement: { deniedConsentIds: ["marketing"] } },
    integrations: { hook: false },
  };
  writeFileSync(
    join(folder, "order.json"),
    JSON.stringify(event).replace('"total":5', '"total":5,"id":157963456373623803'),
  );
  const printed = await print(folder, ["check", "--send", "--event", "order.json"]);
  for (const [name, reason] of [
    ["hook", "integrations"],
    ["people", "except"],
    ["consenting", "consent"],
  ]) {
    assert.match(
      printed,
      new RegExp(`^${name} \\(webhook\\)\\n  the test event would be filtered: ${reason}, so`, "m"),
    );
  }
  const bodies = received.splice(0).map(({ body }) => body);
  assert.match(bodies.join(), /"total":5,"id":157963456373623803}/);
  const sent = bodies.map((body) => JSON.parse(body) as typeof event);
  assert.deepEqual(
    sent.map(({ event, properties }) => [event, properties]),
    [["Order Completed", { total: 5, id: Number("157963456373623803") }]],
  );

  const some = await print(folder, ["check", "--send", "--destination", "people", "--destination", "hook"]);
  assert.match(some, /^people \(webhook\)\n {2}the test event would be filtered: except, so nothing is sent/m);
  assert.doesNotMatch(some, /^ *(orders|consenting)/m);
  assert.equal(received.splice(0).length, 1);
  assert.match(await print(folder, ["check", "--send", "--destination", "people"]), /^nothing is to be sent$/m);

  const refused = (...words: string[]) => refusal(folder, ["check", ...words]);
  assert.match(
    await refused("--send", "--destination", "hok"),
    /no destination is called "hok"; did you mean "hook"\? \(there/,
  );
  assert.match(await refused("--send", "--event", "none.json"), /^--event none\.json: there is no such file$/);
  assert.match(await refused("--send", "--event", "."), /^--event \.: it is a folder$/);
  assert.match(
    await refused("--send", "--timeout", "never"),
    /^--timeout takes a time from 100ms to 1h, like 30s, not "never"$/,
  );
  assert.match(await refused("--event", "order.json"), /^--event says how to send: it goes with --send$/);
  for (const [text, problem] of [
    ['{"userId": secret', /^--event bad\.json: not valid JSON at line 1, column 12$/],
    ['[{"userId":"u"}]', /one event is a JSON object, like/],
    ['{"type":"track","event":"x"}', /an event has a userId or an anonymousId/],
    [`{"userId":"u","x":${"[".repeat(600)}${"]".repeat(600)}}`, /the gateway takes 512 levels of nesting/],
    [`{"userId":"u","x":"${"x".repeat(4_096_000)}"}`, /the gateway takes events of up to 4096000 bytes/],
  ] as const) {
    writeFileSync(join(folder, "bad.json"), text);
    assert.match(await refused("--send", "--event", "bad.json"), problem);
  }
  assert.deepEqual(received, []);
});

test("an event of unknown type is refused before anything is sent", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url: `${url}/takes` } },
  });
  writeFileSync(join(folder, "odd.json"), '{"type":"purchase","userId":"u1"}');
  const run = new CommandRun(folder, ["check", "--send", "--event", "odd.json"]);
  assert.equal(await run.ended, 1);
  assert.match(run.stdout, /would become a dead letter \(type\), so nothing is sent\n\nnothing is to be sent\n$/);
  assert.deepEqual(received, []);
});

test("a destination that never opens, or a server that never answers, ends with the time-out; the others are tried", async () => {
  const folder = newFolder();
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
     import { defineDestination } from "pintle/kit";
     const common = { displayName: "Own", description: "never", settings: {} };
     const opens = defineDestination({ type: "opens", ...common, open: () => new Promise(() => setInterval(() => {}, 1000)) });
     const delivers = defineDestination({
       type: "delivers",
       ...common,
       open: async () => ({ deliver: () => new Promise(() => {}), close: () => new Promise(() => {}) }),
     });
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
       destinations: { opens: { type: opens }, delivers: { type: delivers }, hook: { type: "webhook", url: "${url}/takes" } },
     });`,
  );
  const run = new CommandRun(folder, ["check", "--send", "--timeout", "100ms"]);
  assert.equal(await run.ended, 1, "and the process ends, though something of the owner's keeps it");
  for (const name of ["opens", "delivers"]) {
    const line = `^${name} \\(${name}\\)\\n  not delivered, .* \\(timeout: it took longer than 100 ms \\(--timeout\\)\\)$`;
    assert.match(run.stdout, new RegExp(line, "m"));
    assert.match(run.stdout, new RegExp(`^  ${name} \\(${name}\\): 1 event, to what its own code makes of it$`, "m"));
  }
  assert.equal(received.splice(0).length, 1);
});

test("--send brings the test event through the transformation", async () => {
  const folder = newFolder();
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
       destinations: {
         hook: {
           type: "webhook",
           url: "${url}/takes",
           transform: (event, { source }) => [{ ...event, event: "Renamed at " + source.name }, event],
         },
         drops: { type: "webhook", url: "${url}/drops", transform: () => null },
         throws: { type: "webhook", url: "${url}/throws", transform: () => { throw new Error("not a shop"); } },
       },
     });`,
  );
  const run = new CommandRun(folder, ["check", "--send"]);
  assert.equal(await run.ended, 1);
  const events = received.splice(0).map(({ body }) => JSON.parse(body) as { event: string; messageId: string });
  assert.deepEqual(
    events.map(({ event, messageId }) => [event, messageId.split(":")[1]]),
    [
      ["Renamed at shop", "0"],
      ["Pintle Test", "1"],
    ],
  );
  assert.match(run.stdout, /^drops \(webhook\)\n {2}its transformation filters the test event, so nothing is sent$/m);
  assert.match(
    run.stdout,
    /^ {2}refused, it would become a dead letter \(transformation: Error: not a shop \(pintle\.config/m,
  );
});

test("a configuration in TypeScript is found and run", async () => {
  const folder = newFolder();
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { defineConfig } from "pintle";
     export default defineConfig({ sources: [{ name: "shop", writeKey: "wk_shop" as string }] });`,
  );
  const run = new CommandRun(folder, ["check"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.match(run.stdout, /is sound: 1 source, 0 destinations/);
});

test("what was written is removed also when Ctrl-C ends it", async () => {
  const folder = newFolder();
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { rmSync, writeFileSync } from "node:fs";
     import { defineConfig } from "pintle";
     import { defineDestination } from "pintle/kit";
     const hangs = defineDestination({
       type: "hangs",
       displayName: "Hangs",
       description: "never ends",
       settings: {},
       trial: async (settings, { directory, word }) => ({
         writes: "a file that is removed",
         settings,
         remove: async () => rmSync(directory + "/left"),
       }),
       open: async (settings, { directory }) => ({
         deliver() {
           writeFileSync(directory + "/left", "");
           console.log("ready");
           return new Promise(() => {});
         },
         close: async () => {},
       }),
     });
     export default defineConfig({
       sources: [{ name: "shop", writeKey: "wk_shop", destinations: [] }],
       destinations: { one: { type: hangs }, two: { type: hangs } },
     });`,
  );
  const run = new CommandRun(folder, ["check", "--send"]);
  await run.ready();
  run.signal("SIGINT");
  assert.equal(await run.ended, "SIGINT", run.stderr);
  assert.match(
    run.stdout,
    /^one \(hangs\)\n {2}not delivered, it would be tried again \(interrupted: ended by a signal\)\n$/m,
  );
  assert.doesNotMatch(run.stdout, /^two \(hangs\)$/m);
  assert.deepEqual(readdirSync(folder), ["pintle.config.ts"]);
});
