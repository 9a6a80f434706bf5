import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { configured, newFolder, Run } from "./run.test.support.ts";

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
  const run = new Run(folder, ["check"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.equal(run.stdout, "pintle.config.json is sound: 1 source, 1 destination\n");
  assert.deepEqual(received.splice(0), []);
});

test("a configuration that is not sound is refused with every problem", async () => {
  const folder = configured({ sources: [{ name: "shop" }], destinations: { hook: { type: "webhok" } } });
  const run = new Run(folder, ["check", "--config", "pintle.config.json"]);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr, /^pintle: pintle\.config\.json: sources\[0\]\.writeKey: is missing/m);
  assert.match(await new Run(folder, ["check", "--config", "none.ts"]).refusal(), /^none\.ts: there is no such file$/);
  assert.match(await new Run(newFolder(), ["check", "--send"]).refusal(), /^there is none of pintle\.config\.ts, /);
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
  const run = new Run(folder, ["check", "--send"], { TOKEN: "Bearer token_of_env" });
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
  const [line] = readFileSync(join(folder, "out.jsonl"), "utf8").split("\n");
  assert.equal((JSON.parse(line ?? "") as { event: string }).event, "Pintle Test");
  assert.ok(!existsSync(join(folder, "pintle-data")));
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
  const run = new Run(folder, ["check", "--send"]);
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
  const run = new Run(folder, ["check"]);
  assert.equal(await run.ended, 0, run.stderr);
  assert.match(run.stdout, /is sound: 1 source, 0 destinations/);
});
