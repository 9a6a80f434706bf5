import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { DestinationType, Outcome } from "@pintle/kit";
import { relay } from "./relay/relay.ts";
import { webhook } from "./webhook/webhook.ts";

// Answers that break a rule of HTTP or a limit, byte by byte, from a server on a socket.

const cleanUp: (() => unknown)[] = [];
after(async () => {
  for (const step of cleanUp) await step();
});

interface OddServer {
  readonly url: string;
  readonly requests: () => number;
}

/**
 * Answers each request with these bytes, piece by piece; `end`: and closes the connection, `cut`:
 * and resets it.
 */
async function answering(pieces: readonly (string | Buffer)[], then: "keep" | "end" | "cut"): Promise<OddServer> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let heard = "";
    socket.on("error", () => {});
    socket.on("data", async (chunk) => {
      heard += chunk.toString("latin1");
      const head = /content-length: (\d+)\r\n(?:.*?\r\n)?\r\n/is.exec(heard);
      if (head === null || heard.length < head.index + head[0].length + Number(head[1])) return;
      heard = "";
      requests++;
      for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
      if (then === "end") socket.end();
      if (then === "cut") socket.resetAndDestroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

type Settings = Readonly<Record<string, unknown>>;

async function deliver(type: DestinationType, settings: Settings, count: number): Promise<readonly Outcome[]> {
  const values = type.settings.parse(settings);
  const connection = await type.open(values, { directory: "/", now: () => 0, userAgent: "Pintle/test" });
  cleanUp.unshift(() => connection.close());
  const events = Array.from({ length: count }, (_, index) => ({ messageId: `m${index}`, type: "track", userId: "u" }));
  return connection.deliver(events as unknown as DeliveredEvent[]);
}

/**
 * The ways out that share the kit's sender: one event, a batch, signed and compressed, and the
 * relay.
 */
const kinds: readonly [name: string, type: DestinationType, settings: Settings, count: number][] = [
  ["webhook", webhook as DestinationType, {}, 1],
  [
    "webhook in batches",
    webhook as DestinationType,
    { batch: {}, gzip: true, signingKey: `whsec_${"a".repeat(32)}` },
    3,
  ],
  ["relay", relay as DestinationType, { writeKey: "k" }, 3],
];

const manyHeaders = Array.from({ length: 2000 }, (_, index) => `x-trace-${index}: ${"v".repeat(80)}\r\n`).join("");
const ok = "HTTP/1.1 200 OK\r\n";
const end = "content-length: 2\r\n\r\nok";

/** What comes, how it ends, and what is said to be wrong with it. */
const delivered: readonly [name: string, pieces: string[], then: "keep" | "end" | "cut", flaw: RegExp | undefined][] = [
  ["17 KB of headers", [ok, `x-large: ${"v".repeat(17_000)}\r\n`, end], "keep", undefined],
  ["170 KB in 2,000 headers", [ok, manyHeaders, end], "keep", undefined],
  ["one header of 250 KB", [ok, `set-cookie: ${"v".repeat(250_000)}\r\n`, end], "keep", undefined],
  ["300 KB of headers", [ok, `x-large: ${"v".repeat(300_000)}\r\n`, end], "keep", /more than 256 KB of headers/],
  ["a header with a control character", [ok, "x-bad: a\0b\r\n", end], "keep", /headers of the answer cannot be read/],
  ["a header without a name", [ok, ": nameless\r\n", end], "keep", /headers of the answer cannot be read/],
  ["a line that is no header", [ok, "no header at all\r\n", end], "keep", /headers of the answer cannot be read/],
  ["two lengths", [ok, "content-length: 3\r\n", end], "keep", /headers of the answer cannot be read/],
  ["nothing behind the status line", [ok], "cut", /headers of the answer cannot be read/],
  ["the end in the middle of a header", [ok, "x-half: a"], "end", /headers of the answer cannot be read/],
  ["a body that is reset", [ok, "content-length: 100\r\n\r\nbegun"], "cut", /body of the answer is not complete/],
  ["a body that ends too soon", [ok, "content-length: 100\r\n\r\nbegun"], "end", /body of the answer is not complete/],
  ["chunks that are none", [ok, "transfer-encoding: chunked\r\n\r\nzz\r\n"], "keep", /body of the answer is not compl/],
  [
    "a bad trailer",
    [ok, "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nbad\0\r\n\r\n"],
    "keep",
    /body of the answer/,
  ],
  ["no last chunk", [ok, "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n"], "end", /body of the answer is not complete/],
  ["hints before it", ["HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", ok, end], "keep", undefined],
  ["hints before a bad head", ["HTTP/1.1 100 Continue\r\n\r\n", ok, ": bad\r\n\r\n"], "keep", /cannot be read/],
  ["HTTP/1.0, up to the end", ["HTTP/1.0 200 OK\r\n\r\n", "all of it"], "end", undefined],
  ["no reason phrase", ["HTTP/1.1 201\r\n", end], "keep", undefined],
  ["204 with a body", ["HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody"], "keep", /body of the answer/],
  ["more than its length", [ok, "content-length: 1\r\n\r\nthe rest"], "keep", undefined],
];

for (const [name, pieces, then, flaw] of delivered) {
  test(`a complete status line decides: ${name}`, async () => {
    for (const [kind, type, settings, count] of kinds) {
      const { url, requests } = await answering(pieces, then);
      const outcomes = await deliver(type, { ...settings, url, timeout: 5000 }, count);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        new Array(count).fill("delivered"),
        kind,
      );
      assert.equal(requests(), 1, kind);
      if (flaw === undefined) assert.equal(outcomes[0]?.detail, undefined, kind);
      else assert.match(outcomes[0]?.detail ?? "", flaw, kind);
    }
  });
}

test("a refusal with a bad head is that refusal", async () => {
  const { url } = await answering(["HTTP/1.1 503 Service Unavailable\r\nretry-after: 7\r\n: bad\r\n\r\n"], "keep");
  const [outcome] = await deliver(webhook as DestinationType, { url }, 1);
  assert.ok(outcome?.outcome === "retry");
  assert.deepEqual([outcome.scope, outcome.reason], ["destination", "http_503"]);
  assert.match(outcome.detail ?? "", /^the destination answered 503 \(the headers of the answer cannot be read: /);
});

test("large headers are read and not kept, but for those that decide", async () => {
  const large = `x-large: ${"v".repeat(200_000)}\r\n`;
  const { url } = await answering(["HTTP/1.1 503 x\r\n", large, "retry-after: 7\r\ncontent-length: 0\r\n\r\n"], "keep");
  const [outcome] = await deliver(webhook as DestinationType, { url }, 1);
  assert.ok(outcome?.outcome === "retry");
  assert.equal(outcome.after, 7000);
  assert.deepEqual(outcome.answer?.headers, { "retry-after": "7" });
});

test("what is no status line is no answer", async () => {
  for (const pieces of [["HTTP/1.1 200"], ["<html>hello</html>\r\n"], [""], ["HTTP/1.1 100 Continue\r\n\r\n"]]) {
    const { url } = await answering(pieces, "end");
    const [outcome] = await deliver(webhook as DestinationType, { url }, 1);
    assert.ok(outcome?.outcome === "retry", pieces[0]);
    assert.deepEqual([outcome.scope, outcome.reason], ["event", "network"], pieces[0]);
  }
});

test("a status that is none is no answer, in words for people", async () => {
  const { url } = await answering(["HTTP/1.1 000 x\r\ncontent-length: 0\r\n\r\n"], "keep");
  const [outcome] = await deliver(webhook as DestinationType, { url }, 1);
  assert.ok(outcome?.outcome === "retry");
  assert.deepEqual([outcome.reason, outcome.detail], ["network", "the answer is none of HTTP/1.1"]);
});

test("a status line counts also when the time runs out behind it", async () => {
  const { url } = await answering(["HTTP/1.1 200 OK\r\nx-slow: "], "keep");
  const [outcome] = await deliver(webhook as DestinationType, { url, timeout: 200 }, 1);
  assert.equal(outcome?.outcome, "delivered");
  assert.match(outcome?.detail ?? "", /no complete answer within 200 ms/);
});

test("after an odd answer the next event goes out as ever", async () => {
  const { url, requests } = await answering([ok, `x-large: ${"v".repeat(300_000)}\r\n`, end], "keep");
  const type = webhook as DestinationType;
  const values = type.settings.parse({ url, concurrency: 1 });
  const connection = await type.open(values, { directory: "/", now: () => 0, userAgent: "Pintle/test" });
  cleanUp.unshift(() => connection.close());
  const event = { messageId: "m", type: "track", userId: "u" } as unknown as DeliveredEvent;
  for (let at = 1; at <= 5; at++) {
    const [outcome] = await connection.deliver([event]);
    assert.deepEqual([outcome?.outcome, requests()], ["delivered", at]);
  }
});
