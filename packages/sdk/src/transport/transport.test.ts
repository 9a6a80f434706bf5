import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { drainedBytes, keptBytes } from "./answer-body.ts";
import { fetchTransport } from "./fetch.ts";
import { createNodeTransport } from "./node.ts";
import type { Transport, TransportRequest } from "./transport.ts";
import { TransportError, type TransportErrorCode } from "./transport-error.ts";

const never = new AbortController().signal;
const ample = 60_000;

function post(url: string, changes: Partial<TransportRequest> = {}): TransportRequest {
  return {
    method: "POST",
    url: `${url}/v1/batch`,
    headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa("key:")}` },
    body: new TextEncoder().encode(JSON.stringify({ batch: [{ type: "track", messageId: "m" }] })),
    timeout: ample,
    signal: never,
    ...changes,
  };
}

function failure(code: TransportErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TransportError, `not a TransportError: ${error}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

const transports: Record<string, () => Transport> = {
  node: () => createNodeTransport({ concurrency: 2 }),
  fetch: () => fetchTransport,
};

for (const [name, create] of Object.entries(transports)) {
  describe(`transport/${name}`, () => {
    test("carries method, headers and body, and brings back status, headers and words", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script({ status: 429, body: "später", retryAfter: 7, headers: { "X-Test": "1" } });
      const answer = await create()(post(plane.url));
      assert.equal(answer.status, 429);
      assert.equal(answer.headers["retry-after"], "7");
      assert.equal(answer.headers["x-test"], "1");
      assert.equal(answer.body, "später");
      const [request] = plane.requests;
      assert.equal(request?.method, "POST");
      assert.equal(request?.path, "/v1/batch");
      assert.equal(request?.writeKey, "key");
      assert.equal(request?.headers["content-type"], "application/json");
      assert.deepEqual(request?.messages, [{ type: "track", messageId: "m" }]);
    });

    test("GET sends no body", async () => {
      await using plane = await FakeDataPlane.start({ nodes: 3 });
      const { body: _, ...rest } = post(plane.url);
      const answer = await create()({ ...rest, method: "GET", url: `${plane.url}/cluster-info` });
      assert.deepEqual(JSON.parse(answer.body), { nodeCount: 3 });
    });

    test("does not follow redirects: they are answers", async () => {
      await using plane = await FakeDataPlane.start();
      for (const status of [301, 302, 303, 307, 308]) {
        plane.script({ status, headers: { Location: `${plane.url}/elsewhere` } });
        assert.equal((await create()(post(plane.url))).status, status);
      }
      assert.equal(plane.requests.length, 5);
      assert.ok(plane.requests.every((request) => request.path === "/v1/batch"));
    });

    test("answers without a body are complete", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script(204, 304);
      assert.deepEqual(
        [await create()(post(plane.url)), await create()(post(plane.url))].map(({ status, body }) => [status, body]),
        [
          [204, ""],
          [304, ""],
        ],
      );
    });

    test("a body shorter than its Content-Length is no answer", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script({ status: 200, truncated: true });
      await assert.rejects(create()(post(plane.url)), failure("truncated"));
    });

    test("a reset is no answer", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script("reset");
      await assert.rejects(create()(post(plane.url)), failure("network"));
    });

    test("a refused connection is no answer, and the message names the origin without secrets", async () => {
      await using plane = await FakeDataPlane.start();
      await plane.refuse();
      await assert.rejects(create()(post(plane.url)), (error) => {
        assert.ok(failure("network")(error));
        const { message } = error as Error;
        assert.match(message, /ECONNREFUSED/);
        assert.ok(message.includes(plane.url) && !message.includes(btoa("key:")), message);
        return true;
      });
    });

    test("a name that does not exist is no answer", async () => {
      await assert.rejects(create()(post("http://data-plane.invalid")), failure("network"));
    });

    test("what is not HTTP is no answer", async () => {
      const server = createServer((socket) => socket.resume().end("SSH-2.0-OpenSSH_9.2\r\n")).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      await assert.rejects(create()(post(`http://127.0.0.1:${port}`)), failure("network"));
      server.close();
      await once(server, "close");
    });

    test("headers or a URL that cannot be sent reject and do not throw", async () => {
      await assert.rejects(create()(post("http://127.0.0.1:1", { headers: { "X-Test": "a\nb" } })));
      await assert.rejects(create()(post("", { url: "http://" })));
    });

    test("the timeout covers waiting for the answer", async () => {
      await using plane = await FakeDataPlane.start({ otherwise: "hang" });
      await assert.rejects(create()(post(plane.url, { timeout: 20 })), failure("timeout"));
      await plane.until(() => plane.connections.open === 0);
    });

    test("the timeout covers reading the answer", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script({ body: "x".repeat(100_000), drip: 1 });
      await assert.rejects(create()(post(plane.url, { timeout: 100 })), failure("timeout"));
      await plane.until(() => plane.connections.open === 0);
    });

    test("the timeout covers connecting: a server that accepts the connection and says nothing", async () => {
      const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      await assert.rejects(create()(post(`https://127.0.0.1:${port}`, { timeout: 20 })), failure("timeout"));
      server.close();
      await once(server, "close");
    });

    test("an abort ends the attempt at once, and one that was earlier starts none", async () => {
      await using plane = await FakeDataPlane.start({ otherwise: "hang" });
      const closing = new AbortController();
      const attempt = create()(post(plane.url, { signal: closing.signal }));
      const rejected = assert.rejects(attempt, failure("aborted"));
      await plane.until(() => plane.requests.length === 1);
      closing.abort();
      await rejected;
      await assert.rejects(create()(post(plane.url, { signal: closing.signal })), failure("aborted"));
      assert.equal(plane.requests.length, 1);
    });

    test("keeps 64 KB of a long body, never half a character", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script({ body: `x${"ä".repeat(keptBytes)}` });
      const { body } = await create()(post(plane.url));
      assert.equal(body, `x${"ä".repeat(keptBytes / 2 - 1)}`);
    });

    test("leaves a body without end after 1 MB: the answer stands, the connection is closed", async () => {
      await using plane = await FakeDataPlane.start();
      plane.script({ status: 200, body: "x".repeat(drainedBytes + 500_000) });
      const answer = await create()(post(plane.url));
      assert.equal(answer.status, 200);
      assert.equal(answer.body.length, keptBytes);
    });
  });
}

describe("transport/node", () => {
  test("opens no more connections than `concurrency`, and uses them again", async () => {
    await using plane = await FakeDataPlane.start();
    const transport = createNodeTransport({ concurrency: 3 });
    await Promise.all(Array.from({ length: 30 }, () => transport(post(plane.url))));
    assert.equal(plane.requests.length, 30);
    assert.ok(plane.connections.total <= 3, `${plane.connections.total} connections`);
  });

  test("a request that waits for a connection is under its timeout, too", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: "hang" });
    const transport = createNodeTransport({ concurrency: 1 });
    const first = assert.rejects(transport(post(plane.url, { timeout: 50 })), failure("timeout"));
    await plane.until(() => plane.requests.length === 1);
    await assert.rejects(transport(post(plane.url, { timeout: 10 })), failure("timeout"));
    await first;
    assert.equal(plane.requests.length, 1);
  });

  test("a connection is free again after a long answer that was drained", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: { body: "x".repeat(keptBytes * 3) } });
    const transport = createNodeTransport({ concurrency: 1 });
    for (let i = 0; i < 3; i++) await transport(post(plane.url));
    assert.equal(plane.connections.total, 1);
  });
});
