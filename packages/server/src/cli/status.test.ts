import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Status } from "../admin/status.ts";
import { CommandRun, configured, eventsIn, newFolder, refusal, send, start } from "./run.test.support.ts";
import { statusLines } from "./status.ts";

const hook = {
  id: "hook",
  name: "hook",
  type: "webhook",
  state: "open",
  problem: { at: "2026-01-02T03:04:06.000Z", reason: "http_401", message: "the destination answered 401" },
  delivered: 4000,
  adjusted: {},
  filtered: { disconnected: 1, only: 20 },
  duplicate: 6,
  retried: 2,
  replayed: 0,
  dead: { http_400: 3 },
  waiting: 12,
  inFlight: 0,
  lanesWaiting: 1,
  lanesParked: 2,
  memory: 2_000_000,
  lag: { records: 3, events: 12, seconds: 75 },
  counted: false,
  malformedIntegrations: 0,
  latency: { buckets: [], count: 0, sum: 0 },
} as const;

const told: Status = {
  version: "1.2.3",
  state: "ready",
  startedAt: "2026-01-02T03:04:05.000Z",
  accepted: 5000,
  requests: 50,
  bytes: 900,
  refused: { unknown_key: 3 },
  oddities: { shop: { not_a_number: 2, numeric_time: 5 } },
  append: { count: 50, milliseconds: 5 },
  storage: "open",
  router: { state: "running" },
  memory: { held: 3_000_000, bytes: 128_000_000, bodies: 0 },
  log: {},
  destinations: [hook, { ...hook, id: "audit", type: "file", state: "closed", dead: {}, filtered: {}, counted: true }],
};

test("the status is a table with a row for each destination, and a line for each that is in trouble", () => {
  assert.deepEqual(statusLines(told, { hook: { http_400: 30, expired: 1 } }), [
    "Pintle 1.2.3, ready, since 2026-01-02T03:04:05.000Z",
    "accepted 5,000 events in 50 requests; refused 3 requests (unknown_key 3)",
    "odd from shop: numeric_time 5, not_a_number 2",
    "memory 3 MB of 128 MB held for destinations, 0 MB for requests",
    "",
    "destination  type     state          lag  events      delivered  filtered                 duplicate  dead letters            lanes waiting  parked",
    "hook         webhook  in trouble  1m 15s  12 or more      4,000  only 20, disconnected 1          6  http_400 30, expired 1              1       2",
    "audit        file     working     1m 15s  12              4,000  0                                6  0                                   1       2",
    "hook: http_401 at 2026-01-02T03:04:06.000Z: the destination answered 401",
  ]);
  assert.deepEqual(
    statusLines({ ...told, destinations: [], refused: {}, oddities: {}, storage: "full" }, {}).slice(1),
    [
      "accepted 5,000 events in 50 requests; the storage takes nothing now: the disk is full",
      "memory 3 MB of 128 MB held for destinations, 0 MB for requests",
      "",
      "no destinations",
    ],
  );
  const router = { state: "starting again", reason: "out of memory", at: "AT", nextAttempt: "NEXT" } as const;
  assert.equal(
    statusLines({ ...told, router, destinations: [] }, {}).at(-1),
    "the router is starting again, since AT, next at NEXT: out of memory",
  );
  const now = Date.parse("2026-01-02T03:05:00.000Z");
  const attention = (changed: Partial<Status["destinations"][number]>): string[] =>
    statusLines({ ...told, oddities: {}, destinations: [{ ...hook, ...changed }] }, {}, now).slice(6);
  const nextAttempt = "2026-01-02T03:05:12.500Z";
  const refused = "hook: http_401 at 2026-01-02T03:04:06.000Z: the destination answered 401";
  assert.deepEqual(attention({ nextAttempt }), [`${refused}; next attempt in 13s`]);
  assert.deepEqual(attention({ state: "half-open" }), [refused]);
  assert.deepEqual(attention({ state: "closed", nextAttempt }), ["hook: next attempt at what waits in 13s"]);
  assert.deepEqual(attention({ state: "closed", nextAttempt: "2026-01-02T03:04:59Z" }), [
    "hook: next attempt at what waits in 0s",
  ]);
  assert.deepEqual(attention({ state: "closed" }), []);
  const problem = { at: "2026-01-02T03:04:06.000Z", reason: "answer", message: "the headers cannot be read" };
  assert.deepEqual(attention({ state: "closed", problem }), [
    "hook: answer at 2026-01-02T03:04:06.000Z: the headers cannot be read",
  ]);
});

test("pintle status finds the data plane by its folder", async () => {
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_secret_shop", destinations: ["audit"] }],
    destinations: { audit: { type: "file", path: "./out.jsonl" } },
  });
  const plane = start(folder);
  await plane.ready();
  await send(plane.told("events"), "wk_secret_shop", { userId: "u", event: "a" });
  await eventsIn(join(folder, "out.jsonl"), 1);

  const asked = new CommandRun(folder, ["status"]);
  assert.equal(await asked.ended, 0, asked.stderr);
  assert.match(asked.stdout, /^accepted 1 event in 1 request$/m);
  assert.ok(!existsSync(join(folder, "pintle-data", "topics", "dead.audit-0")), "looking for dead letters makes none");
  assert.match(asked.stdout, /^audit +file +working +0s +0 +1 +0 +0 +0 +0 +0$/m);
  const port = new URL(plane.told("admin")).port;
  const json = new CommandRun(folder, ["status", "--json", "--data", "pintle-data", "--admin-port", port]);
  assert.equal(await json.ended, 0, json.stderr);
  assert.equal((JSON.parse(json.stdout) as Status).accepted, 1);

  const token = join(folder, "pintle-data", "admin-token");
  const right = readFileSync(token, "utf8");
  writeFileSync(token, "at_wrong\n");
  assert.match(await new CommandRun(folder, ["status"]).refusal(), /does not take the token of this folder/);
  writeFileSync(token, right);

  plane.signal("SIGTERM");
  assert.equal(await plane.ended, 0);
  assert.match(
    await new CommandRun(folder, ["status"]).refusal(),
    /^no data plane answers at http:.*nobody listens there/,
  );
});

test("pintle status says where it has looked in vain", async () => {
  const folder = newFolder();
  assert.match(await new CommandRun(folder, ["status"]).refusal(), /pintle-data is not the folder of a data plane/);
  writeFileSync(join(folder, "admin-token"), "at_token\n", { mode: 0o600 });
  assert.match(
    await new CommandRun(folder, ["status", "--data", ".", "--admin-port", "99999"]).refusal(),
    /--admin-port takes a port, 0 to 65535, not "99999"/,
  );
});

test("the token goes nowhere but to this machine, and no link leads to it", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "admin-token"), "at_token\n", { mode: 0o600 });
  for (const url of ["http://192.0.2.1:80", "https://127.0.0.1:1", "http://127.0.0.1:1@example.com", "nonsense"]) {
    writeFileSync(join(folder, "admin-url"), url, { mode: 0o600 });
    assert.match(
      await refusal(folder, ["status", "--data", "."]),
      /admin-url holds no URL of this machine, like /,
      url,
    );
  }
  rmSync(join(folder, "admin-token"));
  symlinkSync("admin-url", join(folder, "admin-token"));
  assert.match(await refusal(folder, ["status", "--data", "."]), /admin-token is a symbolic link: remove it, /);
});
