import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { anyPort, CommandRun, configured, eventsIn, newFolder, send, start } from "./run.test.support.ts";

const sound = {
  sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["audit"] }],
  destinations: { audit: { type: "file", path: "./out.jsonl" } },
};

test("without a configuration: a key that stays, and the first event in a file", async () => {
  const folder = newFolder();
  const first = start(folder);
  const output = await first.ready();
  const key = /The write key is (wk_[\w-]{32})/.exec(output)?.[1];
  assert.ok(key, output);
  const url = first.told("events");
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(output.includes(`curl ${url}/v1/track -u ${key}: -d '{"userId":"123","event":"Signed Up"}'`), output);
  assert.ok(output.includes(`new Pintle("${key}", "${url}")`), output);

  assert.equal(await send(url, key, { userId: "123", event: "Signed Up" }), "ok");
  const [event] = await eventsIn(join(folder, "pintle-data", "events.jsonl"), 1);
  assert.equal(event?.event, "Signed Up");
  assert.equal(event?.type, "track");
  first.signal("SIGTERM");
  assert.equal(await first.ended, 0);
  assert.equal(first.stderr, "");

  if (process.platform !== "win32") {
    assert.equal(statSync(join(folder, "pintle-data")).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, "pintle-data", "write-key")).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "pintle-data", "admin-token")).mode & 0o777, 0o600);
  }

  const second = start(folder);
  assert.ok((await second.ready()).includes(`The write key is ${key};`));
  await send(second.told("events"), key, { userId: "123", event: "Came Back" });
  const events = await eventsIn(join(folder, "pintle-data", "events.jsonl"), 2);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["Signed Up", "Came Back"],
    "nothing is delivered twice after a clean end",
  );
  second.signal("SIGINT");
  assert.equal(await second.ended, 0);
});

test("with a configuration: tells where it listens and no key; the admin port knows what came in", async () => {
  const folder = configured(sound);
  const run = start(folder, "--data", "elsewhere");
  const output = await run.ready();
  assert.match(output, /^ {2}config {2}pintle\.config\.json: 1 source, 1 destination$/m);
  assert.match(output, /^ {2}data {4}elsewhere$/m);
  assert.ok(!output.includes("wk_secret_shop"));

  await send(run.told("events"), "wk_secret_shop", { userId: "1", event: "A" });
  await eventsIn(join(folder, "out.jsonl"), 1);
  const token = readFileSync(join(folder, "elsewhere", "admin-token"), "utf8").trim();
  const admin = async (path: string) =>
    (
      await fetch(run.told("admin") + path, { headers: { authorization: `Bearer ${token}`, connection: "close" } })
    ).text();
  // The file has the event before the router has counted it.
  for (;;) {
    const status = JSON.parse(await admin("/status"));
    assert.equal(status.accepted, 1);
    assert.equal(status.destinations[0].id, "audit");
    if (status.destinations[0].delivered === 1) break;
  }
  assert.deepEqual(JSON.parse(await admin("/health")), { status: "ready", behind: [] });
  assert.match(await admin("/metrics"), /^pintle_destination_delivered_total\{destination="audit"\} 1$/m);
  run.signal("SIGTERM");
  assert.equal(await run.ended, 0);
});

test("a second signal ends it at once", async () => {
  const run = start(configured(sound));
  await run.ready();
  // A request whose body does not come: a clean end waits for it.
  const { hostname, port } = new URL(run.told("events"));
  const socket = connect(Number(port), hostname);
  const key = btoa("wk_secret_shop:");
  socket.write(
    `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${key}\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
  );
  socket.on("error", () => {});
  await once(socket, "data");
  run.signal("SIGTERM");
  // It has heard the first one when nobody can connect any more.
  for (;;) {
    const probe = connect(Number(port), hostname);
    const connected = await once(probe, "connect").then(
      () => true,
      () => false,
    );
    probe.destroy();
    if (!connected) break;
  }
  run.signal("SIGTERM");
  assert.equal(await run.ended, "SIGTERM");
  socket.destroy();
});

test("a port in use", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const folder = configured(sound);
  const flags = (name: string) => ["start", ...anyPort, `--${name}`, String(port)];
  assert.equal(
    await new CommandRun(folder, flags("port")).refusal(),
    `port ${port} of 127.0.0.1 is in use (choose another: --port PORT)`,
  );
  assert.equal(
    await new CommandRun(folder, flags("admin-port")).refusal(),
    `port ${port} of 127.0.0.1 is in use (choose another: --admin-port PORT)`,
  );
  server.close();
});

test("an address that is not this machine's", async () => {
  const message = await start(configured(sound), "--host", "192.0.2.1").refusal();
  assert.match(message, /^cannot listen on 192\.0\.2\.1, port 0: this machine does not have the address$/);
});

test("a data folder that cannot be one", async () => {
  const folder = configured(sound);
  writeFileSync(join(folder, "file"), "");
  assert.equal(
    await start(folder, "--data", "file").refusal(),
    `the data folder ${join(folder, "file")} cannot be written: it is a file (choose another: --data DIR)`,
  );
  assert.match(await start(folder, "--data", "file/data").refusal(), /cannot be written: a part of it is a file/);
});

test("a data folder in which another data plane works, and one that it waits for", async () => {
  const folder = configured(sound);
  const first = start(folder);
  await first.ready();
  assert.match(
    await start(folder).refusal(),
    /\(stop it, choose another folder \(--data DIR\), or wait for it \(--wait 30s\)\)$/,
  );

  const second = start(folder, "--wait", "5m");
  first.signal("SIGTERM");
  assert.equal(await first.ended, 0);
  await second.ready();
});

const refused: [name: string, config: unknown, flags: string[], message: RegExp][] = [
  ["a configuration that is not there", sound, ["--config", "none.ts"], /^none\.ts: there is no such file$/],
  ["a configuration that is no JSON", "{", [], /^pintle\.config\.json: not valid JSON at line 1, column 2$/],
  [
    "a configuration with a mistake",
    { ...sound, sources: [{ ...sound.sources[0], destinations: ["audti"] }] },
    [],
    /^pintle\.config\.json: sources\[0\]\.destinations\[0\]: no destination is called "audti"; did you mean "audit"\? \(destinations: audit\)$/,
  ],
  ["a port that is none", sound, ["--port", "http"], /^--port takes a port, 0 to 65535, not "http"$/],
  ["a port that is too high", sound, ["--admin-port", "65536"], /^--admin-port takes a port, 0 to 65535, not "65536"$/],
  [
    "a time that is none",
    sound,
    ["--wait", "soon"],
    /^--wait takes a time like 500ms, 30s or 5m, at most 1d, not "soon"$/,
  ],
  ["a log level that is none", sound, ["--log-level", "wran"], /^--log-level takes one of .*; did you mean "warn"\?$/],
  [
    "an unknown flag",
    sound,
    ["--prot", "1"],
    /^unknown flag --prot; did you mean --port\? \(see: pintle start --help\)$/,
  ],
];

for (const [name, config, flags, message] of refused) {
  test(name, async () => {
    const folder = configured(config);
    assert.match(await start(folder, ...flags).refusal(), message);
    assert.ok(!existsSync(join(folder, "pintle-data")), "a refused start leaves nothing behind");
  });
}

test("several mistakes are one line each", async () => {
  const run = start(configured({ sources: [{ name: "shop" }], destination: {} }));
  assert.equal(await run.ended, 1);
  assert.deepEqual(run.stderr.split("\n"), [
    "pintle: PINTLE_CONFIG_INVALID: pintle.config.json: sources[0].writeKey: is missing; expected a string or a list",
    'pintle: PINTLE_CONFIG_INVALID: pintle.config.json: destination: unknown key; did you mean "destinations"? (allowed: sources, destinations, memory, engine, router)',
    "",
  ]);
});

test("help, version, and a command that does not exist", async () => {
  const help = new CommandRun(newFolder(), ["--help"]);
  assert.equal(await help.ended, 0);
  assert.match(help.stdout, /^ {2}start {2,}Starts a data plane/m);
  const version = new CommandRun(newFolder(), ["--version"]);
  assert.equal(await version.ended, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\S*\n$/);
  assert.match(
    await new CommandRun(newFolder(), ["strat"]).refusal(),
    /^unknown command "strat"; did you mean "start"\?/,
  );
});
