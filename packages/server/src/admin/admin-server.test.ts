import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { hiding } from "@pintle/kit/values";
import { checkConfig } from "../config/check-config.ts";
import type { Reloaded } from "../reload.ts";
import { AdminRefusal, createAdminServer, isLocalName } from "./admin-server.ts";
import { adminRoutes } from "./routes.ts";
import { healthOf, type Status } from "./status.ts";

const status: Status = {
  version: "1.2.3",
  state: "ready",
  startedAt: "2026-01-02T03:04:05.000Z",
  accepted: 7,
  requests: 2,
  bytes: 900,
  refused: { unknown_key: 3 },
  oddities: { shop: { not_a_number: 2, numeric_time: 5 } },
  append: { count: 2, milliseconds: 5 },
  storage: "open",
  router: { state: "running" },
  memory: { held: 3_000_000, bytes: 128_000_000, bodies: 0 },
  log: { events: 4096, "dead.hook": 256 },
  destinations: [
    {
      id: "hook",
      name: "hook",
      type: "webhook",
      state: "open",
      problem: { at: "2026-01-02T03:04:06.000Z", reason: "http_401", message: "401 for wk_secret_key" },
      delivered: 4,
      adjusted: { clipped: 2 },
      filtered: { disconnected: 1 },
      duplicate: 5,
      retried: 2,
      replayed: 0,
      dead: { 'http_4"00': 1 },
      waiting: 3,
      inFlight: 0,
      lanesWaiting: 0,
      lanesParked: 0,
      memory: 2_000_000,
      lag: { records: 3, events: 3, seconds: 1.5 },
      counted: true,
      malformedIntegrations: 0,
      latency: {
        buckets: [
          [0.1, 3],
          [1, 4],
        ],
        count: 5,
        sum: 7.5,
      },
    },
    {
      id: "audit",
      name: "audit",
      type: "file",
      state: "closed",
      delivered: 7,
      adjusted: {},
      filtered: {},
      duplicate: 0,
      retried: 0,
      replayed: 0,
      dead: {},
      waiting: 0,
      inFlight: 0,
      lanesWaiting: 0,
      lanesParked: 0,
      memory: 2_000_000,
      lag: { records: 0, events: 0, seconds: 0 },
      counted: true,
      malformedIntegrations: 0,
      latency: {
        buckets: [
          [0.1, 3],
          [1, 4],
        ],
        count: 5,
        sum: 7.5,
      },
    },
  ],
};

let fails = false;
let reloaded: Reloaded = { outcome: "refused", problem: "destinations.hook: wk_secret_key" };
const logged: string[] = [];
const log = (...parts: unknown[]) => void logged.push(String(parts.at(-1)));
/** Dead letters and replays have tests of their own. */
const unused = () => assert.fail("not called");
const noDead = { destinations: unused, hasLetters: unused, list: unused, counts: unused, show: unused, settle: unused };
const noReplays = { destinations: unused, start: unused, stop: unused, list: unused };
const server = createAdminServer({
  token: "the-token",
  routes: async () => ({
    ...adminRoutes({
      status: async () => {
        if (fails) throw new Error("secret reason");
        return status;
      },
      reload: async () => reloaded,
      dead: noDead,
      replays: noReplays,
      retries: { destinations: unused, now: unused },
    }),
    "/echo": {
      POST: async ({ query, body }) => {
        if (body === null) throw new AdminRefusal(422, "null is not wk_secret_key");
        return { query: [...query], body };
      },
    },
  }),
  hiding: () => hiding(["wk_secret_key"]),
  logger: { debug: log, info: log, warn: log, error: log },
});

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => void server.close());

interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

async function call(
  path: string,
  { method = "GET", headers = {}, body }: Call = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  const { port } = server.address() as AddressInfo;
  const sent = request({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: { authorization: "Bearer the-token", ...headers },
  });
  sent.end(body);
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

test("tells the status as JSON, without secrets", async () => {
  const answer = await call("/status");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(answer.headers["cache-control"], "no-store");
  const told = JSON.parse(answer.text) as Status;
  assert.deepEqual(told, {
    ...status,
    destinations: [
      {
        ...status.destinations[0],
        problem: { at: "2026-01-02T03:04:06.000Z", reason: "http_401", message: "401 for [redacted]" },
      },
      status.destinations[1],
    ],
  });
});

test("the health says which destination is behind", async () => {
  assert.deepEqual(JSON.parse((await call("/health")).text), {
    status: "ready",
    behind: [{ id: "hook", state: "open", seconds: 1.5, reason: "http_401" }],
  });
});

test("a destination that works is behind when its oldest event is a minute old", () => {
  const [, audit] = status.destinations;
  const lagging = { ...audit!, lag: { records: 1, events: 1, seconds: 60 }, problem: status.destinations[0]!.problem! };
  const { behind } = healthOf({ ...status, destinations: [audit!, lagging] });
  assert.deepEqual(behind, [{ id: "audit", state: "closed", seconds: 60 }]);
});

test("tells Prometheus", async () => {
  const { text, headers } = await call("/metrics");
  assert.match(headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
  for (const line of [
    "# TYPE pintle_events_accepted_total counter",
    "pintle_events_accepted_total 7",
    'pintle_requests_refused_total{reason="unknown_key"} 3',
    'pintle_source_oddities_total{source="shop",kind="not_a_number"} 2',
    "pintle_append_seconds_sum 0.005",
    "pintle_append_seconds_count 2",
    'pintle_destination_delivered_total{destination="hook"} 4',
    'pintle_destination_adjusted_total{destination="hook",reason="clipped"} 2',
    'pintle_destination_dead_total{destination="hook",reason="http_4\\"00"} 1',
    'pintle_destination_lag_seconds{destination="hook"} 1.5',
    'pintle_destination_lag_events{destination="hook"} 3',
    "# TYPE pintle_destination_delivery_seconds histogram",
    'pintle_destination_delivery_seconds_bucket{destination="hook",le="0.1"} 3',
    'pintle_destination_delivery_seconds_bucket{destination="hook",le="+Inf"} 5',
    'pintle_destination_delivery_seconds_sum{destination="hook"} 7.5',
    'pintle_destination_delivery_seconds_count{destination="hook"} 5',
    'pintle_destination_lanes_waiting{destination="hook"} 0',
    'pintle_destination_state{destination="hook",state="open"} 1',
    'pintle_destination_state{destination="hook",state="closed"} 0',
    'pintle_log_bytes{topic="dead.hook"} 256',
    'pintle_destination_up{destination="hook"} 0',
    'pintle_destination_up{destination="audit"} 1',
  ]) {
    assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
  }
  assert.match(text, /^(# (HELP|TYPE) \S+ .+\n|[a-z_]+(\{[^}]*\})? [\d.]+\n)+$/);
});

const refused: [name: string, path: string, call: Call, status: number][] = [
  ["no token", "/status", { headers: { authorization: "" } }, 401],
  ["another token", "/status", { headers: { authorization: "Bearer the-tokem" } }, 401],
  ["a token of another length", "/status", { headers: { authorization: "Bearer the-token2" } }, 401],
  ["Basic", "/status", { headers: { authorization: `Basic ${btoa("the-token:")}` } }, 401],
  ["a name of somebody else's that points here", "/status", { headers: { host: "evil.example:8081" } }, 403],
  ["an unknown path", "/nothing", {}, 404],
  ["a path that every object has", "/constructor", {}, 404],
  ["a body that is no JSON", "/echo", { method: "POST", body: "x=1", headers: { "content-type": "text/plain" } }, 415],
  [
    "a body that only says that it is JSON",
    "/echo",
    { method: "POST", body: "{x", headers: { "content-type": "application/json" } },
    400,
  ],
  [
    "a body that is too long",
    "/echo",
    { method: "POST", body: `"${"x".repeat(70_000)}"`, headers: { "content-type": "application/json" } },
    413,
  ],
  ["the wrong method of a POST", "/echo", {}, 405],
  ["another method", "/status", { method: "POST", body: "{}", headers: { "content-type": "application/json" } }, 405],
  [
    "a preflight",
    "/status",
    { method: "OPTIONS", headers: { authorization: "", origin: "https://evil.example" } },
    401,
  ],
];

for (const [name, path, how, status] of refused) {
  test(`refuses ${name}`, async () => {
    const answer = await call(path, how);
    assert.equal(answer.status, status);
    assert.equal(typeof JSON.parse(answer.text).error, "string");
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  });
}

test("a status that cannot be told is answered with 503, and its reason is only logged", async () => {
  fails = true;
  const answer = await call("/status");
  fails = false;
  assert.equal(answer.status, 503);
  assert.ok(!answer.text.includes("secret reason"));
  assert.deepEqual(logged, ["the admin port could not answer"]);
});

test("hands over what was sent as JSON, and tells what a handler refuses", async () => {
  const headers = { "content-type": "application/json; charset=utf-8" };
  const post = (body?: string) => call("/echo?a=1&b=x%20y", { method: "POST", headers, ...(body && { body }) });
  const query = [
    ["a", "1"],
    ["b", "x y"],
  ];
  assert.deepEqual(JSON.parse((await post('{"x":[1]}')).text), { query, body: { x: [1] } });
  assert.deepEqual(JSON.parse((await post()).text), { query });
  const refusal = await post("null");
  assert.deepEqual([refusal.status, JSON.parse(refusal.text)], [422, { error: "null is not [redacted]" }]);
});

test("a reload is a POST; one that is refused says why", async () => {
  const refusal = await call("/reload", { method: "POST" });
  assert.deepEqual([refusal.status, JSON.parse(refusal.text)], [422, { error: "destinations.hook: [redacted]" }]);
  const config = checkConfig(
    { sources: [{ name: "shop", writeKey: "k" }] },
    { directory: "/", environment: {}, types: new Map() },
  );
  reloaded = { outcome: "applied", config };
  const answer = await call("/reload", { method: "POST" });
  assert.deepEqual(JSON.parse(answer.text), {
    reloaded: true,
    sources: 1,
    destinations: 0,
    warnings: config.warnings,
  });
  assert.equal(config.warnings.length, 1);
  assert.equal((await call("/reload")).status, 405);
});

test("answers HEAD with the headers alone", async () => {
  const answer = await call("/status", { method: "HEAD" });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "");
  assert.ok(Number(answer.headers["content-length"]) > 0);
});

const hosts: [host: string | undefined, local: boolean][] = [
  ["127.0.0.1:8081", true],
  ["localhost", true],
  ["LOCALHOST:80", true],
  ["[::1]:8081", true],
  ["10.0.0.7", true],
  ["evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example:80", false],
  ["", false],
  [undefined, false],
];

for (const [host, local] of hosts) {
  test(`Host: ${host} is ${local ? "" : "not "}local`, () => assert.equal(isLocalName(host), local));
}
