import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { parseJson, stringifyJson } from "@pintle/events";
import fc from "fast-check";
import { eventsOf } from "../records/event-record.ts";
import { auth, delivered, key, open, openEngine, runGateway } from "./running-gateway.test.support.ts";

/* Whatever is sent: never a crash, never a 500, and the next request is served. */

const health = { method: "GET", path: "/health" };
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

test("bodies of any bytes", async (t) => {
  const engine = await openEngine(t);
  const { gateway, send } = await runGateway(t, { engine });
  const json = fc.json().map((text) => Buffer.from(text));
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const ids = fc.dictionary(
    fc.constantFrom("userId", "anonymousId", "messageId", "sentAt", "type", "__proto__"),
    fc.jsonValue(),
  );
  const batch = fc.array(
    fc.oneof(
      ids,
      ids.map((event) => ({ ...event, userId: "u" })),
    ),
    { maxLength: 3 },
  );
  const good = batch.map((events) => Buffer.from(JSON.stringify({ batch: events })));
  const almost = fc.tuple(good, fc.nat(200), fc.nat(255)).map(([body, at, byte]) => {
    if (at < body.length) body[at] = byte;
    return body;
  });
  const compress = fc.constantFrom<readonly [string, (body: Buffer) => Buffer]>(
    ["identity", (body) => body],
    ["gzip", (body) => gzipSync(body)],
    ["gzip", (body) => gzipSync(body).subarray(0, -5)],
    ["gzip", (body) => body],
    ["deflate", (body) => deflateSync(body)],
    ["br", (body) => brotliCompressSync(body)],
    ["br", (body) => body],
  );
  const path = fc.constantFrom("/v1/batch", "/v1/track", "/v1/alias", "/v1/import", `/beacon/v1/batch?writeKey=${key}`);
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(json, bytes, good, almost), compress, path, async (body, [encoding, make], where) => {
      const headers = { authorization: auth, "content-encoding": encoding };
      const { status } = await send({ path: where, headers, body: make(body) });
      assert.ok([200, 400, 413].includes(status), String(status));
      if (status === 200) accepted++;
    }),
    { numRuns: 300 },
  );
  assert.equal((await send(health)).status, 200);
  assert.equal(gateway.stats().refused.internal, undefined);
  // Everything that was stored can be read, and is the same each time.
  const records = await engine.recordsFrom(0);
  assert.ok(records.length > 0 && records.length <= accepted);
  for (const record of records) {
    assert.deepEqual(eventsOf(record), eventsOf(record));
    stringifyJson(eventsOf(record));
  }
});

test("heads of any bytes", async (t) => {
  const engine = await openEngine(t);
  const { port, send, gateway } = await runGateway(t, { engine });
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array).toString("latin1")),
    fc.constantFrom(
      "GET / HTTP/1.1",
      "POST /v1/batch HTTP/1.1",
      "Content-Length: -1",
      "Transfer-Encoding: x",
      "Host: a",
      "A: b",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
      const client = await open(t, port);
      client.socket.end(latin1(`${lines.join("\r\n")}\r\n\r\n`));
      await client.closed;
      assert.doesNotMatch(client.received, /^HTTP\/1.1 500/m);
    }),
    { numRuns: 60 },
  );
  assert.equal((await send(health)).status, 200);
  assert.equal(gateway.stats().refused.internal, undefined);
});

test("200 headers are taken, and one more is answered with 431: none is ever dropped", async (t) => {
  const engine = await openEngine(t);
  const { gateway, port, send } = await runGateway(t, { engine });
  const body = '{"batch":[{"userId":"u"}]}';
  const whole = ["Host: x", "Connection: close", `Content-Length: ${body.length}`];
  const heads: [count: number, status: number][] = [
    [200, 200],
    [201, 431],
    [3000, 431],
  ];
  for (const [count, status] of heads) {
    const client = await open(t, port);
    const others = Array.from({ length: count - whole.length - 1 }, (_, index) =>
      count > 999 ? "a:" : `X-${index}: 1`,
    );
    // The key is the last header, so that it is the first that a limit would cut off.
    const lines = ["POST /v1/batch HTTP/1.1", ...whole, ...others, `Authorization: ${auth}`, "", body];
    client.write(lines.join("\r\n"));
    await client.closed;
    assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `), `${count} headers`);
  }
  const tooLong = await open(t, port);
  tooLong.write(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(16_384)}\r\n\r\n`);
  await tooLong.closed;
  assert.match(tooLong.received, /^HTTP\/1\.1 431 /);
  assert.equal(gateway.stats().refused.headers, 3);
  assert.equal((await send(health)).status, 200);
});

test("a bomb of 10 GB costs no more than the limit", async (t) => {
  const engine = await openEngine(t);
  const { send, gateway } = await runGateway(t, { engine });
  // 10 MB of gzip that would become 10 GB: a megabyte of zeros after the other, as one member each.
  const zeros = gzipSync(Buffer.alloc(100_000_000));
  const members = Buffer.concat(Array.from({ length: 100 }, () => zeros));
  const brotli = brotliCompressSync(Buffer.alloc(200_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  const start = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - start);
  }, 1);
  for (const [encoding, body] of [
    ["gzip", members],
    ["gzip", zeros],
    ["br", brotli],
  ] as const) {
    for (const length of [true, false]) {
      const framing = length ? {} : { "transfer-encoding": "chunked" };
      const headers = { authorization: auth, "content-encoding": encoding, ...framing };
      const response = await send({ headers, body });
      assert.deepEqual([response.status, response.text], [413, "request size exceeds max limit\n"]);
    }
  }
  clearInterval(watch);
  assert.ok(most < 60_000_000, `${most} bytes`);
  assert.equal(gateway.stats().bytesInFlight, 0);
  assert.equal((await send(health)).status, 200);
});

test("100,000 levels are refused, and what is accepted can be written again", async (t) => {
  const engine = await openEngine(t);
  const { send, gateway } = await runGateway(t, { engine });
  const nested = (open: string, close: string, levels: number) => `${open.repeat(levels)}1${close.repeat(levels)}`;
  for (const [start, end] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    for (const [body, path] of [
      [nested(start, end, 100_000), "/v1/batch"],
      [`{"userId":"u","properties":${nested(start, end, 100_000)}}`, "/v1/track"],
      [`{"batch":[{"userId":"u","properties":${nested(start, end, 100_000)}}]}`, "/v1/batch"],
      [`{"batch":[{"userId":${nested(start, end, 100_000)}}]}`, "/v1/batch"],
      [`{"batch":[{"userId":"u"}],"other":${nested(start, end, 100_000)}}`, "/v1/batch"],
    ] as const) {
      const response = await send({ path, headers: { authorization: auth }, body });
      assert.deepEqual([response.status, response.text], [400, "json is nested deeper than 512 levels\n"]);
    }
    const deep = `{"batch":[{"userId":${nested(start, end, 400)},"properties":${nested(start, end, 500)}}]}`;
    assert.equal((await send({ headers: { authorization: auth }, body: deep })).text, "ok");
  }
  assert.equal(gateway.stats().refused.nesting, 10);
  for (const event of delivered(await engine.recordsFrom(0))) structuredClone(parseJson(stringifyJson(event)));
});

test("the corners of JSON", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, { engine, newId: () => "made" });
  const rows: ReadonlyArray<readonly [name: string, event: string, expected: Record<string, unknown>]> = [
    [
      "duplicate keys: the last counts",
      '{"userId":"a","userId":"b","event":"x","event":"y"}',
      { userId: "b", event: "y" },
    ],
    ["a key written with an escape", '{"user\\u0049d":"a"}', { userId: "a" }],
    ["lone surrogates", '{"userId":"a","event":"\\ud800","messageId":"\\udc00m"}', { event: "\ud800", messageId: "m" }],
    [
      "huge numbers",
      '{"userId":1e999,"anonymousId":"a","n":123456789012345678901234567890}',
      { userId: "", n: 123456789012345678901234567890n },
    ],
    ["a constructor", '{"userId":"a","constructor":{"prototype":1},"toString":2}', { toString: 2 }],
    ["a long id", `{"userId":"a","messageId":"${"m".repeat(100_000)}"}`, { messageId: "m".repeat(100_000) }],
    ["an id of several lines", '{"userId":"a","messageId":"a\\nb\\r\\nc"}', { messageId: "abc" }],
    ["an id of nothing visible", '{"userId":"a","messageId":"\\u200b\\n"}', { messageId: "made" }],
  ];
  for (const [name, event, expected] of rows) {
    const end = engine.end();
    const response = await send({ path: "/v1/track", headers: { authorization: auth }, body: event });
    assert.equal(response.text, "ok", name);
    const [found] = delivered(await engine.recordsFrom(end));
    for (const [field, value] of Object.entries(expected)) assert.deepEqual(found?.[field], value, name);
  }
});

test("__proto__ is data and pollutes nothing", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, { engine });
  const body =
    '{"__proto__":{"batch":[{"userId":"no"}]},"batch":[{"userId":"u","__proto__":{"anonymousId":"x","polluted":1},"properties":{"__proto__":{"polluted":1}}}]}';
  assert.equal((await send({ headers: { authorization: auth }, body })).text, "ok");
  const noId = '{"batch":[{"__proto__":{"userId":"u"}}]}';
  assert.equal((await send({ headers: { authorization: auth }, body: noId })).status, 400);
  const noBatch = '{"__proto__":{"batch":[{"userId":"u"}]}}';
  assert.equal((await send({ headers: { authorization: auth }, body: noBatch })).text, "empty batch payload\n");
  const [event] = delivered(await engine.recordsFrom(0));
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal((event as { polluted?: unknown }).polluted, undefined);
  assert.match(JSON.stringify(event), /"__proto__":\{"anonymousId":"x","polluted":1\}/);
});

test("bytes that are not UTF-8 cost a letter, not the event", async (t) => {
  const engine = await openEngine(t);
  const { send } = await runGateway(t, { engine });
  const body = latin1('{"userId":"u","event":"caf\xe9","properties":{"\xff":"\xed\xa0\x80"}}');
  assert.equal((await send({ path: "/v1/track", headers: { authorization: auth }, body })).text, "ok");
  const [record] = await engine.recordsFrom(0);
  assert.ok(record && Buffer.from(record.payload).equals(body), "stored as received");
  const [event] = delivered([record]);
  assert.equal(event?.event, "caf\ufffd");
  assert.deepEqual(event?.properties, { "\ufffd": "\ufffd\ufffd\ufffd" });
});

test("no key, header or body is logged, whatever happens to it", async (t) => {
  const { send, lines } = await runGateway(t, {
    engine: { partitions: () => 1, append: () => Promise.reject(new Error("the disk is broken")) },
  });
  const secret = "hunter2";
  for (const body of [`{"batch":[{"userId":"${secret}"}]}`, `{"batch":"${secret}`, `[${secret}]`]) {
    await send({ headers: { authorization: auth }, body });
    await send({ path: `/beacon/v1/batch?writeKey=${key}`, body });
    await send({ headers: { authorization: auth, "content-encoding": "gzip" }, body });
  }
  await send({ method: "GET", path: `/pixel/v1/page?writeKey=${key}&userId=${secret}` });
  assert.ok(lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), new RegExp(`${secret}|${key}|${auth.slice(6)}`));
});
