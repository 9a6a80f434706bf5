/**
 * Networks as they are: proxies, private authorities, IPv6, servers that close, and what errors
 * advise. Against real servers.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { before, describe, test } from "node:test";
import { checkConnections } from "../connection-options.ts";
import { type Config, Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/fake-data-plane.ts";
import { type Certificate, type Certificates, makeCertificates } from "./certificates.test.support.ts";
import { createNodeTransport } from "./node.ts";
import { ProxyServer } from "./proxy-server.test.support.ts";
import type { Transport, TransportRequest } from "./transport.ts";
import { TransportError } from "./transport-error.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function post(url: string, changes: Partial<TransportRequest> = {}): TransportRequest {
  const { signal } = new AbortController();
  const body = new TextEncoder().encode('{"batch":[]}');
  return { method: "POST", url: `${url}/v1/batch`, headers: {}, body, timeout: 60_000, signal, ...changes };
}

function transport(options: Pick<Config, "proxy" | "agent" | "ca"> = {}): Transport {
  return createNodeTransport(checkConnections(options, 2));
}

/** A server that answers everything with 200, and counts. */
async function serve(tls?: Certificate, host = "127.0.0.1", listener?: RequestListener) {
  const seen: { url: string | undefined; headers: Record<string, unknown> }[] = [];
  const answer: RequestListener = (incoming, response) => {
    seen.push({ url: incoming.url, headers: incoming.headers });
    incoming.resume().on("end", () => (listener === undefined ? response.end("ok") : listener(incoming, response)));
  };
  const server: Server = tls === undefined ? createServer(answer) : createSecureServer(tls, answer);
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { seen, port, server, close, [Symbol.asyncDispose]: close };
}

async function failure(sent: Promise<unknown>): Promise<TransportError> {
  const error = await sent.then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TransportError, String(error));
  return error;
}

describe("networks as they are", () => {
  let certificates: Certificates;
  before(() => {
    certificates = makeCertificates();
  });

  describe("a proxy", () => {
    test("is asked for plain requests in the absolute form, over connections that are kept", async () => {
      await using plane = await FakeDataPlane.start();
      await using proxy = await ProxyServer.start();
      const send = transport({ proxy: proxy.url });
      for (let i = 0; i < 3; i++) assert.equal((await send(post(plane.url))).status, 200);
      assert.deepEqual(proxy.asked, Array(3).fill(`POST ${plane.url}/v1/batch`));
      assert.equal(proxy.open, 1);
      assert.equal(plane.requests[0]?.headers.host, new URL(plane.url).host);
      send.close?.();
    });

    test("is asked for the way to https, which is end to end, over connections that are kept", async () => {
      await using server = await serve(certificates.good);
      await using proxy = await ProxyServer.start();
      const send = transport({ proxy: proxy.url, ca: certificates.ca });
      for (let i = 0; i < 3; i++) assert.equal((await send(post(`https://localhost:${server.port}`))).status, 200);
      assert.deepEqual(proxy.asked, [`CONNECT localhost:${server.port}`]);
      assert.equal(server.seen.length, 3);
      assert.equal(server.seen[0]?.headers["proxy-authorization"], undefined);
      send.close?.();
    });

    test("with a password is given it, as it is meant, and it reaches neither the server nor an error", async () => {
      await using plane = await FakeDataPlane.start();
      await using server = await serve(certificates.good);
      await using proxy = await ProxyServer.start({ password: "user:p@ss %" });
      const authority = proxy.url.slice("http://".length);
      const send = transport({ proxy: `http://user:p%40ss%20%25@${authority}`, ca: [certificates.ca] });
      assert.equal((await send(post(plane.url))).status, 200);
      assert.equal(plane.requests[0]?.headers["proxy-authorization"], undefined);
      assert.equal((await send(post(`https://localhost:${server.port}`))).status, 200);
      send.close?.();

      const wrong = transport({ proxy: new URL(`http://user:hunter2@${authority}`), ca: certificates.ca });
      for (const url of [plane.url, `https://localhost:${server.port}`]) {
        const error = await failure(wrong(post(url)));
        assert.equal(error.code, "network");
        assert.ok(error.message.includes(`the proxy ${proxy.url} answered 407`), error.message);
        assert.match(String(error.advice), /user name and password/);
        assert.ok(!`${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`.includes("hunter2"));
      }
      wrong.close?.();
    });

    test("is reached by TLS, too", async () => {
      await using server = await serve(certificates.good);
      await using plane = await FakeDataPlane.start();
      await using proxy = await ProxyServer.start({ tls: certificates.good });
      const send = transport({ proxy: proxy.url, ca: certificates.ca });
      assert.equal((await send(post(`https://localhost:${server.port}`))).status, 200);
      assert.equal((await send(post(plane.url))).status, 200);
      assert.equal(proxy.asked.length, 2);
      send.close?.();
    });

    test("that refuses, fails, hangs or is not there is named, with what to do", async () => {
      const url = "https://localhost:1";
      for (const [refuse, message, advice] of [
        [403, /the proxy http:\/\/127\.0\.0\.1:\d+ answered 403/, /allow connections to localhost:1/],
        [502, /the proxy .* answered 502/, /does not reach localhost:1/],
        ["close", /the proxy .* closed the connection/, /proxy's log/],
      ] as const) {
        await using proxy = await ProxyServer.start({ refuse });
        const error = await failure(transport({ proxy: proxy.url })(post(url)));
        assert.match(error.message, message);
        assert.match(String(error.advice), advice);
      }
      await using proxy = await ProxyServer.start({ refuse: "hang" });
      assert.equal((await failure(transport({ proxy: proxy.url })(post(url, { timeout: 50 })))).code, "timeout");
      const gone = new AbortController();
      const sent = failure(transport({ proxy: proxy.url })(post(url, { signal: gone.signal })));
      gone.abort();
      assert.equal((await sent).code, "aborted");
      // Nothing is left of the attempts to get through it.
      while (proxy.open > 0) await new Promise((resolve) => setImmediate(resolve));
      const { port } = proxy;
      await proxy.close();
      const error = await failure(transport({ proxy: `http://127.0.0.1:${port}` })(post("http://data.example.com")));
      assert.match(error.message, /data\.example\.com through the proxy http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
    });

    test("whose answer in place of the server's is told as its own", async () => {
      await using proxy = await ProxyServer.start();
      const answer = await transport({ proxy: proxy.url })(post("http://127.0.0.1:1"));
      assert.deepEqual([answer.status, answer.flaw], [502, `it came through the proxy ${proxy.url}`]);
    });

    test("of the environment is used by a client without any option, and `false` uses none", async () => {
      await using plane = await FakeDataPlane.start();
      await using proxy = await ProxyServer.start();
      // In a process of its own: the environment is everybody's.
      const program = `
        const { Pintle } = await import(${JSON.stringify(new URL("../index.js", import.meta.url).href)});
        const client = new Pintle("key", process.argv[1], { maxAge: 300, timeout: 200, ...JSON.parse(process.argv[2]) });
        const receipt = client.track({ userId: "1", event: "Paid" });
        await client.flush();
        console.log((await receipt.delivered()).status);
        await client.close();`;
      const run = (url: string, config: object, env: object): Promise<string> =>
        new Promise((resolve) => {
          const args = ["--input-type=module", "--eval", program, url, JSON.stringify(config)];
          execFile(process.execPath, args, { env: { PATH: process.env.PATH, ...env } }, (_, out) =>
            resolve(out.trim()),
          );
        });
      const { port } = new URL(plane.url);
      const url = `http://data.example.test:${port}`;
      assert.equal(await run(url, {}, { HTTP_PROXY: proxy.url }), "delivered");
      assert.equal(await run(url, {}, { http_proxy: proxy.url.slice("http://".length) }), "delivered");
      assert.equal(proxy.asked.length, 2);
      assert.equal(await run(url, { proxy: false }, { HTTP_PROXY: proxy.url }), "dropped");
      assert.equal(await run(url, {}, { HTTP_PROXY: proxy.url, NO_PROXY: "example.test" }), "dropped");
      assert.equal(await run(url, {}, { HTTP_PROXY: "socks5://127.0.0.1:1" }), "dropped");
      assert.equal(await run(plane.url, {}, { HTTP_PROXY: proxy.url }), "delivered");
      assert.equal(proxy.asked.length, 2);
    });
  });

  test("a private authority is trusted when it is given, and not otherwise", async () => {
    await using server = await serve(certificates.good);
    const url = `https://localhost:${server.port}`;
    for (const ca of [certificates.ca, [certificates.ca], Buffer.from(certificates.ca)]) {
      assert.equal((await transport({ ca })(post(url))).status, 200);
    }
    const error = await failure(transport()(post(url)));
    assert.match(String(error.advice), /option ca/);
  });

  test("IPv6 addresses", async () => {
    await using plain = await serve(undefined, "::1");
    await using secure = await serve(certificates.good, "::1");
    assert.equal((await transport()(post(`http://[::1]:${plain.port}`))).status, 200);
    assert.equal((await transport({ ca: certificates.ca })(post(`https://[::1]:${secure.port}`))).status, 200);
    assert.equal(plain.seen[0]?.headers.host, `[::1]:${plain.port}`);
  });

  test("an agent of the program's makes the connections, and outlives the client", async () => {
    await using plane = await FakeDataPlane.start();
    const agent = new Agent({ keepAlive: true });
    const client = new Pintle("key", plane.url, { agent, logger: quiet });
    client.track({ userId: "1", event: "Paid" });
    assert.equal((await client.close()).delivered, 1);
    assert.equal(Object.keys(agent.freeSockets).length, 1);
    agent.destroy();
  });

  test("headers of the program's go with each request, asked for each time; no error shows them", async () => {
    await using plane = await FakeDataPlane.start();
    plane.script(503, 200);
    let asked = 0;
    const headers = { "X-Plain": "1", "X-Asked": () => String(++asked), "X-Later": async () => "later" };
    const client = new Pintle("key", plane.url, { headers, logger: quiet });
    client.track({ userId: "1", event: "Paid" });
    await client.close();
    assert.deepEqual(
      plane.requests.map((request) => ["x-plain", "x-asked", "x-later"].map((name) => request.headers[name])),
      [
        ["1", "1", "later"],
        ["1", "2", "later"],
      ],
    );

    for (const give of [
      () => ({ "X-Token": "hunter2", Authorization: "hunter2" }),
      () => ({ "X-Token": "hunter2\n" }),
      () => Promise.reject(new Error("no token")),
      () => undefined as never,
    ]) {
      const codes: string[] = [];
      const wrong = new Pintle("key", plane.url, { headers: give, logger: quiet, maxAge: 500 });
      wrong.on("error", (error) => codes.push(error.message));
      wrong.track({ userId: "1", event: "Paid" });
      await wrong.flush();
      await wrong.close({ timeout: 0 });
      assert.match(codes[0] ?? "", /^a request failed: no headers for it: .*; correct the option headers; it is tried/);
      assert.ok(!codes.join().includes("hunter2"));
    }
    assert.equal(plane.requests.length, 2);
  });

  test("a client whose server closes idle connections sends again at once, without a warning, and counts it", async () => {
    // It closes the connection when the next request comes on it, as a server does that closes it
    // at the same moment.
    const used = new Set<Socket>();
    await using server = await serve(undefined, "127.0.0.1", (incoming, response) => {
      if (used.has(incoming.socket)) return void incoming.socket.destroy();
      used.add(incoming.socket);
      response.end("ok");
    });
    const problems: string[] = [];
    const client = new Pintle("key", `http://127.0.0.1:${server.port}`, { logger: quiet });
    client.on("error", ({ message }) => problems.push(message));
    for (let i = 0; i < 20; i++) {
      client.track({ userId: "1", event: "Paid" });
      assert.equal((await client.flush()).delivered, 1);
    }
    const { requests, retries } = client.stats();
    assert.deepEqual([problems, requests, retries], [[], 39, 19]);
    await client.close();
  });

  test("a server that closes every connection is a failure like any other: no request is repeated more than once", async () => {
    await using server = await serve(undefined, "127.0.0.1", (incoming) => void incoming.socket.destroy());
    const send = transport();
    assert.equal((await failure(send(post(`http://127.0.0.1:${server.port}`)))).code, "network");
    assert.equal(server.seen.length, 1);
  });

  describe("the head of an answer", () => {
    test("is read up to 256 KB", async () => {
      await using server = await serve(undefined, "127.0.0.1", (_, response) => {
        for (let i = 0; i < 25; i++) response.setHeader(`X-Large-${i}`, "x".repeat(10_000));
        response.setHeader("X-Last", "1").end("ok");
      });
      const answer = await transport()(post(`http://127.0.0.1:${server.port}`));
      assert.deepEqual([answer.status, answer.headers["x-last"], answer.flaw], [200, "1", undefined]);
    });

    for (const [name, head] of [
      ["too large", `HTTP/1.1 200 OK\r\nX-Large: ${"x".repeat(300_000)}\r\nContent-Length: 2\r\n\r\nok`],
      ["malformed", "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok"],
      ["malformed after an interim answer", "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n: no name\r\n\r\n"],
    ] as const) {
      test(`${name}, counts by its status line, and is told`, async () => {
        const server = createTcpServer((socket) => {
          socket.on("error", () => {});
          let isAnswered = false;
          socket.on("data", (chunk) => {
            if (isAnswered || !chunk.includes("]}")) return;
            isAnswered = true;
            socket.write(head);
          });
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        const problems: string[] = [];
        const client = new Pintle("key", `http://127.0.0.1:${port}`, { logger: quiet });
        client.on("error", ({ code, message }) => problems.push(`${code} ${message}`));
        client.track({ userId: "1", event: "Paid" });
        assert.deepEqual(await client.close(), { delivered: 1, dropped: 0, pending: 0 });
        assert.equal(client.stats().requests, 1);
        assert.equal(problems.length, 1);
        assert.match(
          problems[0] ?? "",
          /^PINTLE_ANSWER_FLAWED the answer 200 counts, but its head cannot be read: HPE_/,
        );
        server.close();
      });
    }
  });

  describe("an error advises", () => {
    const cases: readonly (readonly [name: string, start: () => Promise<{ url: string; end(): unknown }>, RegExp])[] = [
      ["where a certificate is its own authority", () => secure("alone"), /self.signed.*option ca/i],
      ["where a certificate is of an unknown authority", () => secure("good"), /option ca/],
      ["where a certificate is for another name", () => secure("other", true), /another name/],
      ["where a certificate has expired", () => secure("expired", true), /renew/],
      ["where the port speaks no TLS", () => plain("https"), /does not speak TLS.*http:\/\//],
      ["where a plain request meets TLS", () => secure("good", false, "http"), /expects TLS/],
      ["where nobody listens", closed, /nothing listens/],
      ["where there is no such name", async () => ({ url: "http://data-plane.invalid", end() {} }), /no such name|DNS/],
    ];
    let trusting: Transport;

    async function secure(name: "good" | "other" | "expired" | "alone", isTrusted = false, scheme = "https") {
      trusting = transport(isTrusted ? { ca: certificates.ca } : {});
      const server = await serve(certificates[name]);
      return { url: `${scheme}://localhost:${server.port}`, end: server.close };
    }
    async function plain(scheme: string) {
      const server = await serve();
      return { url: `${scheme}://127.0.0.1:${server.port}`, end: server.close };
    }
    async function closed() {
      const server = await serve();
      await server.close();
      return { url: `http://127.0.0.1:${server.port}`, end() {} };
    }

    for (const [name, start, advice] of cases) {
      test(name, async () => {
        trusting = transport();
        const { url, end } = await start();
        const error = await failure(trusting(post(url))).finally(end);
        assert.match(`${error.message}; ${error.advice}`, advice);
      });
    }
  });

  test("a client's error says what to do, and that it is tried again", async () => {
    await using server = await serve(certificates.alone);
    const client = new Pintle("key", `https://localhost:${server.port}`, { logger: quiet });
    const problem = new Promise<string>((resolve) => client.on("error", ({ message }) => resolve(message)));
    client.track({ userId: "1", event: "Paid" });
    await client.flush({ timeout: 1_000 });
    assert.match(await problem, /option ca, or by NODE_EXTRA_CA_CERTS; it is tried again meanwhile$/);
    await client.close({ timeout: 0 });
  });
});
