import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { HttpRequest, Sender } from "@pintle/kit";
import { secretsOf } from "@pintle/kit/host";
import { takeRequest } from "@pintle/kit/values";
import { webhook } from "./webhook.ts";

const event: DeliveredEvent = {
  type: "track",
  event: "Order Completed",
  userId: "42",
  messageId: "m-1",
  receivedAt: "2026-01-01T00:00:00.000Z",
  originalTimestamp: "2026-01-01T00:00:00.000Z",
  sentAt: "2026-01-01T00:00:00.000Z",
  timestamp: "2026-01-01T00:00:00.000Z",
  request_ip: "192.0.2.1",
  rudderId: "e4cab80e-2f0e-4fa2-87e0-3a4af182634c",
};

async function deliver(settings: object, status: number, events: DeliveredEvent[] = [event]) {
  const sent: HttpRequest[] = [];
  const limits: number[] = [];
  const sender: Sender = {
    async send(request, { timeout }) {
      sent.push(request);
      limits.push(timeout);
      return { status, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const tools = { directory: "/", now: () => 0, userAgent: "Pintle/1.2.3", sender };
  const connection = await webhook.open(webhook.settings.parse(settings), tools);
  const outcomes = await connection.deliver(events);
  return { sent, limits, outcomes };
}

test("an event is the body of a request of its own", async () => {
  const { sent, limits, outcomes } = await deliver({ url: "http://hook.example/in?a=1" }, 200);
  assert.deepEqual(
    outcomes.map(({ outcome }) => outcome),
    ["delivered"],
  );
  const [request] = sent;
  assert.ok(request !== undefined && sent.length === 1);
  assert.deepEqual(JSON.parse(String(request.body)), event);
  assert.equal(request.method, "POST");
  assert.equal(request.url, "http://hook.example/in?a=1");
  assert.deepEqual(request.headers, {
    "content-type": "application/json",
    "idempotency-key": "m-1",
    "user-agent": "Pintle/1.2.3",
  });
  assert.deepEqual(limits, [10_000]);
});

test("method, headers and time-out are settings", async () => {
  const settings = {
    url: "https://hook.example/",
    method: "PUT",
    headers: { authorization: "Bearer abcdef", "User-Agent": "own" },
    timeout: "2s",
  };
  const { sent, limits } = await deliver(settings, 204);
  assert.equal(sent[0]?.method, "PUT");
  assert.equal(sent[0]?.headers.authorization, "Bearer abcdef");
  assert.deepEqual(
    Object.keys(sent[0]?.headers ?? {}).filter((name) => /user-agent/i.test(name)),
    ["user-agent"],
  );
  assert.deepEqual(limits, [2000]);
  assert.deepEqual(secretsOf(webhook.settings, webhook.settings.parse(settings)).sort(), ["Bearer abcdef", "own"]);
});

test("a signature is over id, time of the attempt and body, before compression", async () => {
  const key = Buffer.alloc(32, 5).toString("base64");
  const { sent } = await deliver({ url: "http://h/", signingKey: `whsec_${key}`, gzip: true }, 200);
  const { headers, body } = sent[0]!;
  const text = gunzipSync(body as Uint8Array).toString();
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(`m-1.0.${text}`).digest("base64");
  assert.deepEqual(JSON.parse(text), event);
  assert.equal(headers["webhook-id"], "m-1");
  assert.equal(headers["webhook-timestamp"], "0");
  assert.equal(headers["webhook-signature"], `v1,${signature}`);
});

test("the outcome is that of the answer", async () => {
  assert.deepEqual(
    (await deliver({ url: "http://h/" }, 400)).outcomes.map((each) => each.outcome === "dead" && each.reason),
    ["http_400"],
  );
  const { outcomes, sent } = await deliver({ url: "http://h/" }, 503, [event, { ...event, messageId: "m-2" }]);
  assert.equal(sent.length, 1, "a sick destination is not asked again for the rest of a batch");
  assert.deepEqual(
    outcomes.map((each) => each.outcome === "retry" && each.scope),
    ["destination", "destination"],
  );
});

test("settings that would fail with every event are refused", () => {
  const refused: object[] = [
    {},
    { url: "hook.example" },
    { url: "ftp://hook.example" },
    { url: "http://user:pass@hook.example" },
    { url: "http://h/", headers: { "bad name": "x" } },
    { url: "http://h/", headers: { a: "x\r\nb: y" } },
    { url: "http://h/", headers: { "Content-Length": "1" } },
    { url: "http://h/", headers: { "content-encoding": "br" } },
    { url: "http://h/", signingKey: "secret" },
    { url: "http://h/", signingKey: "whsec_c2hvcnQ=" },
    { url: "http://h/", signingKey: `whsec_${"!".repeat(40)}` },
    { url: "http://h/", signingKey: [] },
    { url: "http://h/", batch: true },
    { url: "http://h/", batch: { events: 0 } },
    { url: "http://h/", batch: { bytes: "1GB" } },
    { url: "http://h/", batch: { size: 5 } },
    { url: "http://h/", method: "HEAD" },
    { url: "http://h/", method: "GET", batch: {} },
    { url: "http://h/", origins: ["http://a/path"] },
    { url: "http://h/", origins: ["ftp://a"] },
    { url: "http://h/", origins: ["http://user:pass@a"] },
    { url: "http://h/", timeout: 0 },
    { url: "http://h/", concurrency: 0 },
    { url: "http://h/", metod: "POST" },
    { url: "http://h/", from: "middle" },
    { url: "http://h/", maxAge: -1 },
  ];
  for (const settings of refused) {
    assert.equal(webhook.settings.safeParse(settings).success, false, JSON.stringify(settings));
  }
});

test("a URL that a transformation may not choose is that event's end, which says why", async () => {
  const refused: [url: string, why: RegExp][] = [
    ["file:///etc/passwd", /begins with file:, not http: or https:/],
    ["javascript:alert(1)", /begins with javascript:,/],
    ["//else.example/x", /chose http:\/\/else\.example, which is neither/],
    ["http://u:p@hook.example/", /user and password/],
    ["http://[", /a URL that is none/],
  ];
  for (const [url, why] of refused) {
    const choosing = { ...event, $request: { url } };
    takeRequest(choosing);
    const { sent, outcomes } = await deliver({ url: "http://hook.example/in" }, 200, [choosing]);
    const [outcome] = outcomes;
    assert.ok(outcome?.outcome === "dead", url);
    assert.deepEqual([sent.length, outcome.reason], [0, "request"], url);
    assert.match(outcome.detail ?? "", why);
  }
});

test("the output of the settings is valid input again", () => {
  const settings = webhook.settings.parse({ url: "http://h/", maxAge: "1h", from: "start", timeout: "1s" });
  assert.deepEqual(webhook.settings.parse(settings), settings);
  assert.equal(settings.maxAge, 3_600_000);
});

test("a private address is refused, also where somebody watches", async () => {
  const settings = webhook.settings.parse({ url: "http://[::ffff:127.0.0.1]:9/", blockPrivate: true });
  const seen: string[] = [];
  const watch = (sender: Sender): Sender => ({
    send: (request, limits) => {
      seen.push(request.url);
      return sender.send(request, limits);
    },
    close: () => sender.close(),
  });
  const connection = await webhook.open(settings, { directory: "/", now: () => 0, userAgent: "Pintle/1.2.3", watch });
  const [outcome] = await connection.deliver([event]);
  await connection.close();
  assert.ok(outcome?.outcome === "retry");
  assert.deepEqual([outcome.scope, outcome.reason, seen.length], ["destination", "blocked_address", 1]);
});
