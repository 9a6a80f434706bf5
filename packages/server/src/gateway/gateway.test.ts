import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { hashUserKey } from "@pintle/events";
import { rudderId } from "@pintle/events/gateway";
import { eventsOf } from "../records/event-record.ts";
import type { Reason } from "./answer.ts";
import { gif } from "./pixel.ts";
import { auth, delivered, key, openEngine, type Request, runGateway, send } from "./running-gateway.test.support.ts";

/*
 * A row for each line of docs/gateway.md, sent to a server that listens. A row gives what is sent,
 * what is answered, and the events that are stored for it.
 */

const receivedAt = Date.UTC(2026, 10, 23, 9, 30);
const track = { type: "track", userId: "u", event: "A" };
const batch = (...events: unknown[]): string => JSON.stringify({ batch: events });
const basic = (user: string): string => `Basic ${btoa(`${user}:`)}`;

interface Row extends Request {
  readonly name: string;
  readonly status: number;
  readonly answer: string;
  /** Headers to look at; `undefined`: must not be there. */
  readonly with?: Readonly<Record<string, string | undefined>>;
  /** How many events are stored. @default 0 */
  readonly stored?: number;
  /** The name under which a refusal is counted. */
  readonly reason?: string;
}

const key401 = "failed to read writekey from header\n";

const answers: readonly Row[] = [
  // The key.
  { name: "no Authorization", headers: {}, status: 401, answer: key401, reason: "no_key" },
  { name: "not Basic", headers: { authorization: "Bearer x" }, status: 401, answer: key401, reason: "no_key" },
  { name: "empty user", headers: { authorization: basic("") }, status: 401, answer: key401, reason: "no_key" },
  { name: "no colon", headers: { authorization: `Basic ${btoa(key)}` }, status: 401, answer: key401, reason: "no_key" },
  {
    name: "beacon without key",
    path: "/beacon/v1/batch",
    headers: { authorization: auth },
    status: 401,
    answer: "failed to read writekey from query params\n",
    reason: "no_key",
  },
  {
    name: "beacon with empty key",
    path: "/beacon/v1/batch?writeKey=",
    status: 401,
    answer: "failed to read writekey from query params\n",
    reason: "no_key",
  },
  ...["/v1/batch", "/v1/import", "/v1/merge"].map((path) => ({
    name: `unknown key, ${path}`,
    path,
    headers: { authorization: basic("wk_nobody") },
    status: 401,
    answer: "invalid write key\n",
    reason: "unknown_key",
  })),
  {
    name: "unknown key, beacon",
    path: "/beacon/v1/batch?writeKey=wk_nobody",
    status: 401,
    answer: "invalid write key\n",
    reason: "unknown_key",
  },
  {
    name: "source disabled",
    headers: { authorization: basic("wk_off") },
    status: 404,
    answer: "source is disabled\n",
    reason: "source_disabled",
  },
  {
    name: "the password is ignored",
    headers: { authorization: `Basic ${btoa(`${key}:pass:word`)}` },
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
  },
  {
    name: "the source's other key",
    headers: { authorization: basic("wk_shop_next") },
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
  },

  // The body's encoding.
  ...["zstd", "gzip, br", "compress"].map((encoding) => ({
    name: `encoding ${encoding}`,
    headers: { authorization: auth, "content-encoding": encoding },
    body: batch(track),
    status: 415,
    answer: "unsupported content encoding\n",
    reason: "encoding",
  })),
  ...(
    [
      ["identity", (body) => Buffer.from(body)],
      ["gzip", gzipSync],
      ["GZIP", gzipSync],
      ["deflate", deflateSync],
      ["deflate", deflateRawSync],
      ["br", brotliCompressSync],
    ] as const satisfies ReadonlyArray<readonly [string, (body: string) => Buffer]>
  ).map(([encoding, compress]) => ({
    name: `encoding ${encoding} (${compress.name})`,
    headers: { authorization: auth, "content-encoding": encoding },
    body: compress(batch(track, track)),
    status: 200,
    answer: "ok",
    stored: 2,
  })),
  ...(
    [
      ["not gzip", Buffer.from(batch(track))],
      ["truncated gzip", gzipSync(batch(track)).subarray(0, -9)],
      ["gzip without its checksum", gzipSync(batch(track)).subarray(0, -8)],
      ["nothing", Buffer.alloc(0)],
    ] as const
  ).map(([name, body]) => ({
    name: `bad compression: ${name}`,
    headers: { authorization: auth, "content-encoding": "gzip" },
    body,
    status: 400,
    answer: "failed to uncompress request body\n",
    reason: "compression",
  })),

  // The body's size.
  { name: "4,096,000 bytes", body: padded(4_096_000), status: 200, answer: "ok", stored: 1 },
  {
    name: "4,096,000 bytes, gzip",
    headers: { authorization: auth, "content-encoding": "gzip" },
    body: gzipSync(padded(4_096_000)),
    status: 200,
    answer: "ok",
    stored: 1,
  },
  {
    name: "4,096,001 bytes",
    body: padded(4_096_001),
    status: 413,
    answer: "request size exceeds max limit\n",
    reason: "size",
  },
  {
    name: "4,096,001 bytes in chunks",
    headers: { authorization: auth, "transfer-encoding": "chunked" },
    body: padded(4_096_001),
    status: 413,
    answer: "request size exceeds max limit\n",
    reason: "size",
  },
  {
    name: "4,096,001 bytes after decompression",
    headers: { authorization: auth, "content-encoding": "gzip" },
    body: gzipSync(padded(4_096_001)),
    status: 413,
    answer: "request size exceeds max limit\n",
    reason: "size",
  },

  // JSON.
  ...["", " ", "{", "no", '{"batch":[', "\ufeff\ufeff{}", "{}{}", "nan", "'x'", '{"a":1,}', "\u0000"].map((body) => ({
    name: `not JSON: ${JSON.stringify(body)}`,
    body,
    status: 400,
    answer: "invalid json\n",
    reason: "json",
  })),
  { name: "not JSON, single", path: "/v1/track", body: "{", status: 400, answer: "invalid json\n", reason: "json" },
  { name: "empty, single", path: "/v1/track", body: "", status: 400, answer: "invalid json\n", reason: "json" },

  // The batch.
  {
    name: "20,000 events",
    body: batch(...Array.from({ length: 20_000 }, () => ({ userId: "u" }))),
    status: 200,
    answer: "ok",
    stored: 20_000,
  },
  {
    name: "20,001 events",
    body: batch(...Array.from({ length: 20_001 }, () => ({ userId: "u" }))),
    status: 413,
    answer: "batch exceeds the maximum allowed number of events\n",
    reason: "too_many_events",
  },
  ...["{}", '{"batch":null}', '{"batch":[]}', "null", "5", '"x"', "[]", '[{"userId":"u"}]'].map((body) => ({
    name: `empty batch: ${body}`,
    body,
    status: 400,
    answer: "empty batch payload\n",
    reason: "empty_batch",
  })),
  ...["{}", '{"batch":null}', '{"batch":[]}'].map((body) => ({
    name: `empty import: ${body}`,
    path: "/v1/import",
    body,
    status: 200,
    answer: "ok",
  })),
  ...[
    batch(7),
    batch(null),
    batch([track]),
    batch(track, "x"),
    batch({}, 7),
    '{"batch":{"userId":"u"}}',
    '{"batch":"x"}',
  ].map((body) => ({
    name: `no event: ${body}`,
    body,
    status: 400,
    answer: "event is not a valid rudder event\n",
    reason: "not_an_object",
  })),
  ...["[]", "[{}]", "7", "null", '"x"'].map((body) => ({
    name: `no event on a single endpoint: ${body}`,
    path: "/v1/identify",
    body,
    status: 400,
    answer: "event is not a valid rudder event\n",
    reason: "not_an_object",
  })),
  ...[{}, { userId: "" }, { userId: null, anonymousId: "" }, { event: "A" }, { userId: "  " }].flatMap((event) => [
    {
      name: `no id, single: ${JSON.stringify(event)}`,
      path: "/v1/track",
      body: JSON.stringify(event),
      status: 400,
      answer: "request neither has anonymousId nor userId\n",
      reason: "no_id",
    },
    {
      name: `no id, the last of a batch: ${JSON.stringify(event)}`,
      body: batch(track, track, event),
      status: 400,
      answer: "request neither has anonymousId nor userId\n",
      reason: "no_id",
    },
  ]),
  {
    name: "ids of any kind",
    body: batch({ userId: 0 }, { anonymousId: false }, { userId: { a: 1 } }),
    status: 200,
    answer: "ok",
    stored: 3,
  },
  {
    name: "an unknown or absent type is stored",
    body: batch({ userId: "u" }, { userId: "u", type: "x" }, { userId: "u", type: 5 }),
    status: 200,
    answer: "ok",
    stored: 3,
  },

  // Where events go in.
  ...["track", "identify", "page", "screen", "group", "alias", "merge"].map((type) => ({
    name: `single: ${type}`,
    path: `/v1/${type}`,
    body: JSON.stringify({ anonymousId: "a" }),
    status: 200,
    answer: "ok",
    stored: 1,
    with: { "content-type": "text/plain; charset=utf-8", "content-length": "2" },
  })),
  { name: "import", path: "/v1/import", body: batch(track), status: 200, answer: "ok", stored: 1 },
  {
    name: "beacon",
    path: `/beacon/v1/batch?writeKey=${key}`,
    headers: { "content-type": "text/plain" },
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
  },
  { name: "a double slash", path: "//v1/track", body: JSON.stringify(track), status: 200, answer: "ok", stored: 1 },
  { name: "a query", path: "/v1/track?x=1", body: JSON.stringify(track), status: 200, answer: "ok", stored: 1 },
  {
    name: "any content type",
    headers: { authorization: auth, "content-type": "image/png" },
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
  },

  // Paths and methods.
  { name: "unknown path", path: "/v2/track", status: 404, answer: "not found\n", reason: "unknown_path" },
  { name: "the root", method: "GET", path: "/", status: 404, answer: "not found\n", reason: "unknown_path" },
  {
    name: "a name of the table's prototype",
    path: "/constructor",
    status: 404,
    answer: "not found\n",
    reason: "unknown_path",
  },
  ...["GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"].map((method) => ({
    name: `wrong method ${method}`,
    method,
    status: 405,
    answer: method === "HEAD" ? "" : "method not allowed\n",
    with: { allow: "POST" },
    reason: "method",
  })),
  {
    name: "wrong method, /health",
    path: "/health",
    status: 405,
    answer: "method not allowed\n",
    with: { allow: "GET, HEAD" },
    reason: "method",
  },

  // What takes no events.
  {
    name: "/health",
    method: "GET",
    path: "/health",
    headers: {},
    status: 200,
    answer: '{"status":"ready"}',
    with: { "content-type": "application/json; charset=utf-8" },
  },
  {
    name: "/health, HEAD",
    method: "HEAD",
    path: "/health",
    headers: {},
    status: 200,
    answer: "",
    with: { "content-length": "18" },
  },
  {
    name: "/version",
    method: "GET",
    path: "/version",
    headers: {},
    status: 200,
    answer: '{"name":"pintle","version":"1.2.3"}',
  },
  {
    name: "/robots.txt",
    method: "GET",
    path: "/robots.txt",
    headers: {},
    status: 200,
    answer: "User-agent: *\nDisallow: /\n",
  },
  { name: "/favicon.ico", method: "GET", path: "/favicon.ico", headers: {}, status: 204, answer: "" },
  { name: "/cluster-info", method: "GET", path: "/cluster-info", status: 200, answer: '{"nodeCount":1}' },
  {
    name: "/cluster-info without key",
    method: "GET",
    path: "/cluster-info",
    headers: {},
    status: 401,
    answer: key401,
    reason: "no_key",
  },
  {
    name: "/cluster-info with a bad key",
    method: "GET",
    path: "/cluster-info",
    headers: { authorization: basic("wk") },
    status: 401,
    answer: "invalid write key\n",
    reason: "unknown_key",
  },
  ...["/sourceConfig", "/sourceConfig/?p=npm&v=3"].map((path) => ({
    name: path,
    method: "GET",
    path,
    status: 200,
    answer: `{"source":{"id":"shop","name":"Shop","writeKey":"${key}","enabled":true,"config":{},"workspaceId":"pintle","dataplanes":{},"destinations":[],"updatedAt":"2026-11-23T09:30:00.000Z"},"updatedAt":"2026-11-23T09:30:00.000Z"}`,
    with: { "content-type": "application/json; charset=utf-8" },
  })),
  { name: "/sourceConfig, HEAD", method: "HEAD", path: "/sourceConfig", headers: {}, status: 204, answer: "" },
  {
    name: "/sourceConfig without key",
    method: "GET",
    path: "/sourceConfig",
    headers: {},
    status: 401,
    answer: '{"message":"Writekey not found in basic auth"}',
  },
  {
    name: "/sourceConfig with a bad key",
    method: "GET",
    path: "/sourceConfig",
    headers: { authorization: basic("wk") },
    status: 401,
    answer: '{"message":"Invalid write key"}',
  },

  // Cross-origin requests.
  {
    name: "an origin is reflected",
    headers: { authorization: auth, origin: "https://shop.example" },
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
    with: {
      "access-control-allow-origin": "https://shop.example",
      "access-control-allow-credentials": "true",
      vary: "Origin",
    },
  },
  {
    name: "an origin is reflected with a refusal too",
    headers: { origin: "null" },
    status: 401,
    answer: key401,
    with: { "access-control-allow-origin": "null", "access-control-allow-credentials": "true", vary: "Origin" },
    reason: "no_key",
  },
  {
    name: "no origin",
    body: batch(track),
    status: 200,
    answer: "ok",
    stored: 1,
    with: { "access-control-allow-origin": undefined, vary: "Origin" },
  },
  {
    name: "preflight",
    method: "OPTIONS",
    headers: {
      origin: "https://shop.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,anonymousid",
    },
    status: 204,
    answer: "",
    with: {
      "access-control-allow-origin": "https://shop.example",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, POST, HEAD",
      "access-control-allow-headers": "authorization,anonymousid",
      "access-control-max-age": "900",
      vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    },
  },

  // The pixel answers with its image, whatever becomes of the event.
  ...(
    [
      ["track", `writeKey=${key}&userId=u&event=A`, 1, undefined],
      ["page", `writeKey=${key}&anonymousId=a`, 1, undefined],
      ["track", `writeKey=${key}&userId=u`, 0, undefined],
      ["page", "anonymousId=a", 0, "unknown_key"],
      ["page", "writeKey=wk_nobody&anonymousId=a", 0, "unknown_key"],
      ["page", "writeKey=wk_off&anonymousId=a", 0, "source_disabled"],
      ["page", `writeKey=${key}`, 0, "no_id"],
    ] as const
  ).map(([type, query, stored, reason]) => ({
    name: `pixel ${type} ${query}`,
    method: "GET",
    path: `/pixel/v1/${type}?${query}`,
    headers: {},
    status: 200,
    answer: gif.toString(),
    with: { "content-type": "image/gif", "content-length": "43" },
    stored,
    ...(reason === undefined ? {} : { reason }),
  })),
  {
    name: "pixel of another type",
    method: "GET",
    path: "/pixel/v1/group",
    status: 404,
    answer: "not found\n",
    reason: "unknown_path",
  },
];

test("every line of the contract", async (t) => {
  const engine = await openEngine(t);
  const { gateway, port, lines } = await runGateway(t, { engine, clock: () => receivedAt });
  for (const row of answers) {
    await t.test(row.name, async () => {
      const before = gateway.stats();
      const end = engine.end();
      const response = await send(port, { headers: { authorization: auth }, ...row });
      assert.deepEqual([response.status, response.text], [row.status, row.answer]);
      for (const [name, value] of Object.entries(row.with ?? {})) assert.equal(response.headers[name], value, name);

      const stats = gateway.stats();
      const stored = delivered(await engine.recordsFrom(end)).length;
      assert.equal(stored, row.stored ?? 0);
      assert.equal(stats.events - before.events, stored);
      for (const reason of new Set([...Object.keys(stats.refused), row.reason ?? "no_key"]) as Set<Reason>) {
        const refused = (stats.refused[reason] ?? 0) - (before.refused[reason] ?? 0);
        assert.equal(refused, reason === row.reason ? 1 : 0, reason);
      }
      assert.equal(stats.bytesInFlight, 0);
      assert.deepEqual(lines, []);
    });
  }
});

test("the rate limit counts events, says when to come back, and stores nothing meanwhile", async (t) => {
  const engine = await openEngine(t);
  let now = receivedAt;
  const { gateway, send } = await runGateway(t, { engine, clock: () => now });
  const post = (...events: unknown[]) => send({ headers: { authorization: basic("wk_slow") }, body: batch(...events) });
  assert.equal((await post(track, track, track, track, track)).status, 200);
  const refused = await post(track);
  assert.deepEqual(
    [refused.status, refused.text, refused.headers["retry-after"]],
    [429, "max requests limit reached\n", "2"],
  );
  assert.equal((await post({})).status, 400, "what is wrong is said first");
  assert.equal((await send({ headers: { authorization: auth }, body: batch(track) })).status, 200, "others are free");
  now += 2000;
  assert.equal((await post(track)).status, 200);
  assert.deepEqual(gateway.stats().refused, { rate_limit: 1, no_id: 1 });
  assert.equal(delivered(await engine.recordsFrom(0)).length, 7);
});

test("an update of the sources counts from the next request on", async (t) => {
  const engine = await openEngine(t);
  const { gateway, send } = await runGateway(t, { engine });
  const post = (user: string) => send({ headers: { authorization: basic(user) }, body: batch(track) });
  gateway.update([{ id: "new", name: "New", writeKeys: ["wk_new"], enabled: true }]);
  assert.equal((await post(key)).text, "invalid write key\n");
  assert.equal((await post("wk_new")).text, "ok");
  assert.deepEqual(
    (await engine.recordsFrom(0)).map((record) => eventsOf(record).sourceId),
    ["new"],
  );
});

test("the body is stored as it was received, and completed from the header", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, {
    engine,
    clock: () => receivedAt,
    newId: () => "made",
    trustedProxies: ["127.0.0.1"],
  });
  // Spaces, order of keys, escapes and numbers that a parser would not write again as they are.
  const body = ` {"sentAt":"2026-11-23T09:29:00.000Z", "batch" : [ {"userId":1e2,"event":"\\u0041","n":1.0,
    "messageId":" a\\u200bb ","originalTimestamp":"2026-11-23T09:28:00.000Z"} , {"anonymousId":"x","request_ip":"9.9.9.9"}]} `;
  const headers = { authorization: auth, "x-forwarded-for": "203.0.113.9, 10.0.0.1" };
  assert.equal((await send({ headers, body })).text, "ok");
  assert.equal((await send({ path: "/v1/page", headers, body: '{"type":"track","userId":"u"}' })).text, "ok");
  const records = await engine.recordsFrom(0);
  assert.equal(Buffer.from(records[0]?.payload ?? "").toString(), body);
  const at = "2026-11-23T09:30:00.000Z";
  const sentAt = "2026-11-23T09:29:00.000Z";
  assert.deepEqual(delivered(records), [
    {
      userId: "100",
      event: "A",
      n: 1,
      messageId: "ab",
      originalTimestamp: "2026-11-23T09:28:00.000Z",
      receivedAt: at,
      sentAt,
      timestamp: sentAt,
      request_ip: "203.0.113.9",
      rudderId: rudderId("100", ""),
    },
    {
      anonymousId: "x",
      messageId: "made",
      request_ip: "9.9.9.9",
      receivedAt: at,
      originalTimestamp: at,
      sentAt,
      timestamp: "2026-11-23T09:31:00.000Z",
      rudderId: rudderId("", "x"),
    },
    {
      type: "page",
      userId: "u",
      messageId: "made",
      receivedAt: at,
      originalTimestamp: at,
      sentAt: at,
      timestamp: at,
      request_ip: "203.0.113.9",
      rudderId: rudderId("u", ""),
    },
  ]);
});

test("ids and numbers keep their digits, wherever they come in", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, { engine });
  const big = "157963456373623803";
  const long = "7".repeat(1001);
  const id = `"userId":${big},"anonymousId":-${big}`;
  const rows: readonly [path: string, body: string][] = [
    ["/v1/import", `{"batch":[{"type":"alias",${id},"previousId":${big},"messageId":${big}}]}`],
    [`/beacon/v1/batch?writeKey=${key}`, `{"batch":[{"type":"Alias",${id},"previousId":${big},"messageId":${big}}]}`],
    ["/v1/alias", `{${id},"previousId":${big},"messageId" : ${big}}`],
  ];
  for (const [path, body] of rows) {
    const end = engine.end();
    assert.equal((await send({ path, headers: { authorization: auth }, body })).text, "ok");
    const [record] = await engine.recordsFrom(end);
    const [event] = delivered([record!]);
    const { type, userId, anonymousId, previousId, messageId } = event!;
    assert.deepEqual([type, userId, anonymousId, previousId, messageId], ["alias", big, `-${big}`, big, big], path);
    assert.deepEqual(eventsOf(record!).keyHashes, [hashUserKey(big)]);
  }
  const end = engine.end();
  const fields = `"userId":${long},"integrations":{"All":${big}},"context":{"traits":{"id":${big}},"${big}":${long}}`;
  await send({ path: "/v1/track", headers: { authorization: auth }, body: `{${fields}}` });
  await send({ method: "GET", path: `/pixel/v1/track?writeKey=${key}&event=a&userId=${big}&properties.n=${big}` });
  const [track, pixel] = delivered(await engine.recordsFrom(end));
  assert.deepEqual([track?.userId, track?.integrations], [long, { All: BigInt(big) }]);
  assert.deepEqual(track?.context, { traits: { id: BigInt(big) }, [big]: long });
  assert.deepEqual([pixel?.userId, pixel?.properties], [big, { n: big }]);
});

test("what is almost JSON or an unusual request is taken, and counted by source", async (t) => {
  const engine = await openEngine(t);
  const { gateway, send } = await runGateway(t, { engine, clock: () => receivedAt });
  const host = "events.example.com";
  const post = (body: string, path = "/v1/track", authorization = auth) =>
    send({ path, headers: { authorization }, body });
  const rows: readonly [body: string, path: string, ...expected: unknown[]][] = [
    ['\ufeff{"userId":"u","event":"\u00e9"}', "/v1/track", { event: "é" }],
    [
      '{"userId":"u","properties":{"a":NaN,"b":[-Infinity],"c":"NaN"}}',
      "/v1/track",
      { properties: { a: null, b: [null], c: "NaN" } },
    ],
    [
      '\ufeff{"batch":[{"userId":NaN,"anonymousId":"a"},{"userId":"u"}]}',
      "/v1/batch",
      { userId: null, anonymousId: "a" },
      { userId: "u" },
    ],
    ['{"userId":"u","event":"A"}', `http://${host}/v1/track`, { event: "A" }],
    ['{"batch":[{"userId":"u"}]}', `HTTPS://${host}:443//v1/batch/?x=http://a`, { userId: "u" }],
    ['{"batch":[{"userId":"u"}]}', `http://${host}/beacon/v1/batch?writeKey=${key}`, { userId: "u" }],
    [
      `{"userId":"u","timestamp":${receivedAt / 1000 - 60},"sentAt":"soon","originalTimestamp":"2026-11-23T09:30:00+25:00"}`,
      "/v1/track",
      { timestamp: "2026-11-23T09:29:00.000Z", sentAt: "2026-11-23T09:30:00.000Z" },
    ],
  ];
  for (const [body, path, ...expected] of rows) {
    const end = engine.end();
    assert.equal((await post(body, path)).text, "ok", body);
    const events = delivered(await engine.recordsFrom(end));
    assert.equal(events.length, expected.length);
    for (const [k, event] of events.entries()) {
      for (const [name, value] of Object.entries(expected[k] as object)) assert.deepEqual(event[name], value, body);
    }
  }
  const refused = [
    ['{"userId":"\\u200b","anonymousId":" \\ufeff"}', "request neither has anonymousId nor userId\n"],
    ['{"userId":NaN}', "request neither has anonymousId nor userId\n"],
    ['{"userId":-NaN}', "invalid json\n"],
    ["\ufeff", "invalid json\n"],
    ["\ufeff\ufeff{}", "invalid json\n"],
    ["NaN", "event is not a valid rudder event\n"],
  ] as const;
  for (const [body, text] of refused) assert.deepEqual(await post(body).then((r) => [r.status, r.text]), [400, text]);
  const slow = `Basic ${btoa("wk_slow:")}`;
  assert.equal((await post('{"userId":NaN,"anonymousId":"a"}', "/v1/track", slow)).text, "ok");
  assert.deepEqual(gateway.stats().oddities, {
    shop: { byte_order_mark: 2, not_a_number: 2, absolute_target: 3, numeric_time: 1, unreadable_time: 2, no_id: 2 },
    slow: { not_a_number: 1 },
  });
  assert.equal((await send({ method: "GET", path: `http://${host}/health` })).status, 200);
  assert.equal((await send({ method: "GET", path: `http://${host}` })).status, 404);
});

test("an event without an id gets a UUID of version 4", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, { engine });
  await send({ headers: { authorization: auth }, body: batch(track, track) });
  const ids = delivered(await engine.recordsFrom(0)).map(({ messageId }) => messageId);
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a fault of the gateway is not told to the client, and the next request is served", async (t) => {
  const engine = await openEngine(t);
  let broken = true;
  const { send, lines } = await runGateway(t, {
    engine,
    newId: () => {
      if (broken) throw new Error("an inner secret");
      return "made";
    },
  });
  const response = await send({ headers: { authorization: auth }, body: batch(track) });
  assert.deepEqual([response.status, response.text], [500, "internal server error\n"]);
  assert.doesNotMatch(JSON.stringify(response.headers), /secret/);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["error"],
  );
  assert.doesNotMatch(JSON.stringify(lines), new RegExp(`${key}|${auth}|userId`));
  broken = false;
  assert.equal((await send({ headers: { authorization: auth }, body: batch(track) })).text, "ok");
});

/** A body of exactly so many bytes. */
function padded(bytes: number): string {
  const [start, end] = ['{"batch":[{"userId":"u","event":"', '"}]}'];
  return start + "x".repeat(bytes - start.length - end.length) + end;
}
