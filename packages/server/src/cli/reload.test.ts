import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { Status } from "../admin/status.ts";
import type { DestinationStatus } from "../router/ledger/status.ts";
import { CommandRun, configured, newFolder, send, start } from "./run.test.support.ts";

/** A destination that takes what brings the right key. */
let rightKey = "key_number_one";
const taken: string[] = [];
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  if (request.headers.authorization !== rightKey) return void response.writeHead(401).end("unknown key");
  taken.push((JSON.parse(body) as { event: string }).event);
  response.end();
});
let url = "";
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  rightKey = "key_number_one";
  taken.length = 0;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const config = (authorization: string, more: object = {}) => ({
  sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["hook", "audit"] }],
  destinations: {
    hook: { type: "webhook", url, headers: { authorization } },
    audit: { type: "file", path: "./audit.jsonl" },
    ...more,
  },
});

/** A running data plane whose configuration can be changed. */
class Plane {
  readonly folder: string;
  readonly run: CommandRun;

  constructor(value: object) {
    this.folder = configured(value);
    this.run = start(this.folder);
  }

  write(value: unknown): void {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    writeFileSync(join(this.folder, "pintle.config.json"), text);
  }

  async admin(method: "GET" | "POST", path: string): Promise<{ status: number; body: unknown }> {
    const token = readFileSync(join(this.folder, "pintle-data", "admin-token"), "utf8").trim();
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    const response = await fetch(this.run.told("admin") + path, { method, headers });
    return { status: response.status, body: await response.json() };
  }

  /** The status of a destination, once it is as the test waits for. */
  async until(id: string, isSo: (status: DestinationStatus) => boolean): Promise<DestinationStatus> {
    for (;;) {
      const { destinations } = (await this.admin("GET", "/status")).body as Status;
      const found = destinations.find((destination) => destination.id === id);
      if (found !== undefined && isSo(found)) return found;
    }
  }

  send(event: string, writeKey = "wk_secret_shop"): Promise<string> {
    return send(this.run.told("events"), writeKey, { userId: "u", event });
  }

  async stop(): Promise<void> {
    this.run.signal("SIGTERM");
    assert.equal(await this.run.ended, 0, this.run.stderr);
  }
}

const reloads: [how: string, reload: (plane: Plane) => Promise<unknown>][] = [
  ["POST /reload", async (plane) => assert.equal((await plane.admin("POST", "/reload")).status, 200)],
  ["the file's new content alone", async () => {}],
];
if (process.platform !== "win32") reloads.push(["SIGHUP", async (plane) => plane.run.signal("SIGHUP")]);

for (const [how, reload] of reloads) {
  test(`a rotated key stops one destination and kills no event; mending the configuration, by ${how}, sets it going`, async () => {
    const plane = new Plane(config("key_number_one"));
    await plane.run.ready();
    await plane.send("a");
    await plane.until("hook", ({ delivered }) => delivered === 1);

    rightKey = "key_number_two";
    for (const event of ["b", "c", "d"]) await plane.send(event);
    const isSick = ({ state, problem, waiting }: DestinationStatus) =>
      state === "open" && problem?.reason === "http_401" && waiting === 3;
    assert.deepEqual((await plane.until("hook", isSick)).dead, {});
    await plane.until("audit", ({ delivered, state }) => delivered === 4 && state === "closed");

    plane.write(config("key_number_two"));
    await reload(plane);
    const well = await plane.until("hook", ({ delivered }) => delivered === 4);
    assert.deepEqual([well.state, well.dead, well.filtered, well.waiting], ["closed", {}, {}, 0]);
    assert.deepEqual(taken, ["a", "b", "c", "d"], "each once, in order");
    const audit = await plane.until("audit", ({ delivered }) => delivered >= 4);
    assert.equal(audit.delivered, 4, "the other one was left alone");
    await plane.stop();
    assert.match(plane.run.stderr, /the new configuration is in use/);
    assert.doesNotMatch(plane.run.stderr, /key_number/);
  });
}

test("a broken change is refused with one line, and what runs goes on", async () => {
  const plane = new Plane(config("key_number_one"));
  await plane.run.ready();
  const broken: [text: unknown, problem: RegExp][] = [
    ["{", /^pintle\.config\.json: not valid JSON at line 1, column 2$/],
    [{ sources: [] }, /^pintle\.config\.json: sources: at least one source is needed/],
    [config("key_number_two", { third: { type: "webhok" } }), /destinations\.third\.type: unknown type "webhok"/],
    [config({ env: "PINTLE_TEST_UNSET" } as never), /the environment variable PINTLE_TEST_UNSET is not set/],
  ];
  for (const [text, problem] of broken) {
    plane.write(text);
    const { status, body } = await plane.admin("POST", "/reload");
    assert.equal(status, 422);
    assert.match((body as { error: string }).error, problem);
  }
  await plane.send("still there");
  await plane.until("hook", ({ delivered }) => delivered === 1);
  plane.write(config("key_number_one"));
  await plane.stop();
  const refusals = plane.run.stderr.split("\n").filter((line) => line.includes("the new configuration is refused"));
  assert.equal(refusals.length, broken.length, plane.run.stderr);
});

test("sources and destinations come and go at run time; a renamed one with its id goes on where it was", async () => {
  const { sources, destinations } = config("key_number_one");
  const plane = new Plane({ sources, destinations });
  await plane.run.ready();
  await plane.send("a");
  await plane.until("audit", ({ delivered }) => delivered === 1);

  plane.write({
    sources: [
      { name: "shop", writeKey: ["wk_secret_shop", "wk_secret_new"], destinations: ["renamed", "late", "early"] },
      { name: "blog", writeKey: "wk_secret_blog", destinations: ["renamed"] },
    ],
    destinations: {
      renamed: { ...destinations.audit, id: "audit" },
      late: { type: "file", path: "./late.jsonl" },
      early: { type: "file", path: "./early.jsonl", from: "start" },
    },
  });
  assert.deepEqual((await plane.admin("POST", "/reload")).body, { reloaded: true, sources: 2, destinations: 3 });
  await plane.send("b", "wk_secret_new");
  await plane.send("c", "wk_secret_blog");
  const renamed = await plane.until("audit", ({ delivered }) => delivered === 3);
  assert.equal(renamed.name, "renamed");
  await plane.until("early", ({ delivered }) => delivered === 2);
  await plane.until("late", ({ delivered }) => delivered === 1);
  const status = (await plane.admin("GET", "/status")).body as Status;
  assert.deepEqual(status.destinations.map(({ id }) => id).sort(), ["audit", "early", "late"]);
  await plane.stop();
  const events = (file: string) =>
    readFileSync(join(plane.folder, file), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { event: string }).event);
  assert.deepEqual(events("audit.jsonl"), ["a", "b", "c"]);
  assert.deepEqual(events("early.jsonl"), ["a", "b"]);
  assert.deepEqual(events("late.jsonl"), ["b"]);
});

const hangs = "setInterval(() => {}, 1000); await new Promise(() => {});";

test("a configuration that hangs is refused when its time is over, and what runs goes on; an end does not wait for it", async () => {
  const folder = newFolder();
  const file = join(folder, "pintle.config.ts");
  const sound = `export default ${JSON.stringify({ sources: [{ name: "shop", writeKey: "wk_secret_shop" }] })};`;
  writeFileSync(file, sound);
  // Long enough for what is sound on a busy machine.
  const run = start(folder, "--config-timeout", "10s");
  assert.match(await run.ready(), /^ +warning: the source "shop" has no destinations/m);
  const token = readFileSync(join(folder, "pintle-data", "admin-token"), "utf8").trim();
  const reload = async () => {
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    const response = await fetch(`${run.told("admin")}/reload`, { method: "POST", headers });
    return { status: response.status, body: (await response.json()) as { error?: string } };
  };
  writeFileSync(file, `${hangs} ${sound}`);
  const refused = reload();
  // It is loaded apart: events come in meanwhile.
  assert.equal(await send(run.told("events"), "wk_secret_shop", { userId: "u", event: "meanwhile" }), "ok");
  const { status, body } = await refused;
  assert.equal(status, 422);
  assert.match(JSON.stringify(body), /pintle\.config\.ts: not loaded within 10 s: something in it waits or runs/);
  writeFileSync(file, sound);
  assert.equal((await reload()).status, 200);
  writeFileSync(file, `for (;;); ${sound}`);
  const given = reload().catch(() => undefined);
  assert.equal(await send(run.told("events"), "wk_secret_shop", { userId: "u", event: "meanwhile" }), "ok");
  run.signal("SIGTERM");
  assert.equal(await run.ended, 0, run.stderr);
  await given;
  // By the reload, or by the look at the file.
  assert.match(run.stderr, /is refused, and the one before goes on: pintle\.config\.ts: not loaded within 10 s/);
});

test("start and check end with one line where the configuration does not come to its end", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "pintle.config.ts"), `${hangs} export default {};`);
  const told = /^pintle\.config\.ts: not loaded within 200 ms: something in it waits or runs without an end/;
  assert.match(await start(folder, "--config-timeout", "200ms").refusal(), told);
  assert.match(await new CommandRun(folder, ["check", "--config-timeout", "200ms"]).refusal(), told);
  assert.match(
    await new CommandRun(folder, ["check", "--config-timeout", "soon"]).refusal(),
    /^--config-timeout takes a time/,
  );
  writeFileSync(join(folder, "pintle.config.ts"), "await new Promise(() => {}); export default {};");
  assert.match(
    await start(folder).refusal(),
    /^pintle\.config\.ts: cannot be run: it awaits something that never comes$/,
  );
  writeFileSync(join(folder, "pintle.config.ts"), "process.exit(0);");
  assert.match(
    await new CommandRun(folder, ["check"]).refusal(),
    /^pintle\.config\.ts: cannot be run: it ended its process/,
  );
});

test("a command that loads a configuration can be ended", { skip: process.platform === "win32" }, async () => {
  const folder = newFolder();
  const begun = join(folder, "begun");
  writeFileSync(
    join(folder, "pintle.config.ts"),
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(begun)}, String(process.pid)); for (;;);`,
  );
  for (const [signal, command] of [
    ["SIGTERM", "start"],
    ["SIGINT", "check"],
  ] as const) {
    rmSync(begun, { force: true });
    const run = command === "start" ? start(folder) : new CommandRun(folder, [command]);
    while (!existsSync(begun) || readFileSync(begun, "utf8") === "")
      await new Promise((resolve) => setImmediate(resolve));
    run.signal(signal);
    assert.equal(await run.ended, signal);
    const pid = Number(readFileSync(begun, "utf8"));
    for (let alive = true; alive; ) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        process.kill(pid, 0);
      } catch {
        alive = false;
      }
    }
  }
});

test("what a destination type leaves running does not keep check --send", async () => {
  const folder = newFolder();
  const text = `
    import { defineConfig } from "pintle";
    import { defineDestination, z } from "pintle/kit";
    setInterval(() => {}, 1000);
    const crm = defineDestination({
      type: "crm", displayName: "CRM", description: "a test", settings: { name: z.string().describe("who") },
      open: async () => ({ deliver: async (events) => events.map(() => ({ outcome: "delivered" })), close: async () => {} }),
    });
    export default defineConfig({
      sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["team"] }],
      destinations: { team: { type: crm, name: "me" } },
    });`;
  writeFileSync(join(folder, "pintle.config.ts"), text);
  const fine = new CommandRun(folder, ["check", "--send"]);
  assert.equal(await fine.ended, 0, fine.stderr);
});
