import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { after, test } from "node:test";
import { classifyError } from "./classify.ts";
import { TimeoutError } from "./send-errors.ts";
import { poolSender } from "./sender.ts";

const cleanUp: (() => unknown)[] = [];
after(async () => {
  for (const step of cleanUp) await step();
});

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(handler);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sender(connections = 2) {
  const made = poolSender({ connections });
  cleanUp.unshift(() => made.close());
  return made;
}

const limits = { timeout: 20_000, bodyBytes: 10 };

test("a request goes out as it is, and its answer comes back with the beginning of its body", async () => {
  const url = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.writeHead(418, { "x-two": ["a", "b"], "retry-after": "3" });
      response.end(`${request.method} ${request.url} ${request.headers.thing} ${Buffer.concat(chunks).toString()}`);
    });
  });
  const request = { method: "PUT", url: `${url}/p?q=1`, headers: { thing: "t" }, body: "body" } as const;
  const answer = await sender().send(request, { ...limits, bodyBytes: 1000 });
  assert.equal(answer.status, 418);
  assert.equal(answer.body, "PUT /p?q=1 t body");
  assert.equal(answer.headers["retry-after"], "3");
  assert.equal(answer.headers["x-two"], "a, b");
  assert.equal((await sender().send(request, limits)).body, "PUT /p?q=1");
});

test("what a success says is left aside where nobody asks for it, what a failure says is not", async () => {
  const url = await serve((request, response) =>
    response.writeHead(request.url === "/good" ? 200 : 400, { "x-a": "1" }).end("text"),
  );
  const quick = { ...limits, successes: false };
  const request = { method: "POST", headers: {}, body: "x" } as const;
  assert.deepEqual(await sender().send({ ...request, url: `${url}/good` }, quick), {
    status: 200,
    headers: {},
    body: "",
  });
  const failure = await sender().send({ ...request, url: `${url}/bad` }, quick);
  assert.deepEqual([failure.status, failure.headers["x-a"], failure.body], [400, "1", "text"]);
});

test("redirects are answers", async () => {
  const url = await serve((_request, response) => response.writeHead(302, { location: "/elsewhere" }).end());
  assert.equal((await sender().send({ method: "POST", url, headers: {}, body: "x" }, limits)).status, 302);
});

test("a server that says nothing is a time-out", async () => {
  const url = await serve(() => {});
  const promise = sender().send({ method: "POST", url, headers: {}, body: "x" }, { ...limits, timeout: 50 });
  await assert.rejects(promise, TimeoutError);
});

test("a request that waited for a connection past its time is not sent later", async () => {
  const release: (() => void)[] = [];
  let seen = 0;
  const url = await serve((_request, response) => {
    seen++;
    release.push(() => response.end());
  });
  const one = sender(1);
  const first = one.send({ method: "POST", url, headers: {}, body: "1" }, limits);
  await assert.rejects(
    one.send({ method: "POST", url, headers: {}, body: "2" }, { ...limits, timeout: 50 }),
    TimeoutError,
  );
  while (release.length === 0) await new Promise(setImmediate);
  release[0]?.();
  assert.equal((await first).status, 200);
  const third = one.send({ method: "POST", url, headers: {}, body: "3" }, limits);
  while (release.length < 2) await new Promise(setImmediate);
  release[1]?.();
  await third;
  assert.equal(seen, 2);
});

test("a status that arrived counts, even if the body breaks off", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("begun", () => response.socket?.destroy());
  });
  const answer = await sender().send({ method: "POST", url, headers: {}, body: "x" }, limits);
  assert.equal(answer.status, 200);
});

test("refused connections, resets and bad URLs are told apart", async () => {
  const server = createTcpServer((socket) => socket.destroy());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const outcomeOf = (target: string) =>
    sender()
      .send({ method: "POST", url: target, headers: {}, body: "x" }, limits)
      .then(() => assert.fail("it cannot be answered"), classifyError);
  assert.equal((await outcomeOf(url)).reason, "network");
  await new Promise((closed) => server.close(closed));
  assert.equal((await outcomeOf(url)).reason, "connect");
  assert.equal((await outcomeOf("nonsense")).reason, "request");
  assert.equal((await outcomeOf("ftp://h/")).reason, "request");
  const headers = { bad: "a\nb" };
  const broken = sender().send({ method: "POST", url, headers, body: "x" }, limits);
  assert.equal((await broken.then(() => assert.fail("it cannot be sent"), classifyError)).reason, "request");
});

test("closing breaks off what is on its way", async () => {
  let arrived: (() => void) | undefined;
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const url = await serve(() => arrived?.());
  const made = poolSender({ connections: 1 });
  const promise = made.send({ method: "POST", url, headers: {}, body: "x" }, limits);
  await arrival;
  await Promise.all([assert.rejects(promise), made.close()]);
});
