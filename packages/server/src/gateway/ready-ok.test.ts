import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { corsHeaders } from "./cors.ts";
import { ReadyOk } from "./ready-ok.ts";
import { auth, cleanUp, key, open, openEngine, runGateway, sources } from "./running-gateway.test.support.ts";

const idleTime = 75_000;
const withoutDate = (text: string): string => text.replace(/Date: [^\r]+ GMT/g, "Date: …");

async function listen(t: TestContext, handle: (url: string, response: ServerResponse) => void): Promise<number> {
  const server: Server = createServer({ keepAliveTimeout: idleTime }, (request, response) => {
    request.resume();
    request.on("end", () => handle(request.url ?? "", response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function byNode(response: ServerResponse): void {
  const list = [...corsHeaders(undefined), "Content-Type", "text/plain; charset=utf-8", "Content-Length", "2"];
  response.writeHead(200, list);
  response.end("ok");
}

test("the answer is to the byte the one that node:http makes, and the connection lives on", async (t) => {
  const readyOk = new ReadyOk(idleTime);
  const port = await listen(t, (url, response) => {
    if (url === "/node") byNode(response);
    else assert.equal(readyOk.send(response), true);
  });
  const client = await open(t, port);
  const answers: string[] = [];
  for (const path of ["/node", "/ready", "/ready", "/node", "/ready"]) {
    client.received = "";
    client.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`);
    await client.until(/ok$/);
    answers.push(client.received);
  }
  const [first = "", ...others] = answers.map(withoutDate);
  assert.match(first, /^HTTP\/1\.1 200 OK\r\n/);
  for (const other of others) assert.equal(other, first);
});

test("an answer that ends the connection, or waits for one before it, is left to node:http", async (t) => {
  const readyOk = new ReadyOk(idleTime);
  const sent: boolean[] = [];
  const held: ServerResponse[] = [];
  const answer = (response: ServerResponse): void => {
    const isSent = readyOk.send(response);
    sent.push(isSent);
    if (!isSent) byNode(response);
  };
  const port = await listen(t, (url, response) => {
    if (url === "/held") held.push(response);
    else answer(response);
    if (url === "/last") for (const each of held) answer(each);
  });
  const closing = await open(t, port);
  closing.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await closing.closed;
  assert.match(closing.received, /Connection: close\r\n\r\nok$/);
  assert.deepEqual(sent.splice(0), [false]);

  const client = await open(t, port);
  client.write("GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until(/ok[\s\S]*ok$/);
  // The second, which was answered first, had to wait for the first.
  assert.deepEqual(sent, [false, true]);
  const [one, two] = withoutDate(client.received).split(/(?<=\r\n\r\nok)/);
  assert.equal(two, one);
});

test("nothing is sent to a client that has gone", async (t) => {
  const readyOk = new ReadyOk(idleTime);
  let told: (sent: boolean) => void = () => {};
  const isSent = new Promise<boolean>((resolve) => {
    told = resolve;
  });
  const port = await listen(t, (_, response) => {
    response.once("close", () => told(readyOk.send(response)));
    client.socket.destroy();
  });
  const client = await open(t, port);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(await isSent, false);
});

const body = JSON.stringify({ userId: "u" });
const request = `POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: ${auth}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test("a connection that was answered ends after idleTime, and not when it has promised to", async (t) => {
  const engine = await openEngine(t);
  const { port, gateway } = await runGateway(t, { engine, limits: { idleTime: 50 } });
  assert.ok(gateway.server.keepAliveTimeout > 50);
  const client = await open(t, port);
  client.write(request);
  await client.until(/ok$/);
  await client.closed;
  assert.equal(gateway.stats().requests, 1);
});

test("every answer after which a connection lives on says for how long", async (t) => {
  const engine = await openEngine(t);
  const { port, gateway } = await runGateway(t, { engine, limits: { idleTime: 7000 } });
  assert.ok(gateway.server.keepAliveTimeout >= 2 * 7000 - 2000);
  const client = await open(t, port);
  for (const [sent, end] of [
    [request, /ok$/],
    [request.replace("Host: a", "Host: a\r\nOrigin: https://shop.example"), /ok$/],
    ["GET /version HTTP/1.1\r\nHost: a\r\n\r\n", /"version"[^}]*}$/],
    ["GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", /not found\n$/],
  ] as const) {
    client.received = "";
    client.write(sent);
    await client.until(end);
    assert.match(client.received, /\r\nConnection: keep-alive\r\n/);
    assert.equal(client.received.match(/Keep-Alive: timeout=7\r\n/g)?.length, 1, client.received);
  }
  client.received = "";
  client.write("GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await client.closed;
  assert.doesNotMatch(client.received, /Keep-Alive/i);
});

test("a key that is taken away counts no longer, also on a connection that has used it", async (t) => {
  const engine = await openEngine(t);
  const { port, gateway } = await runGateway(t, { engine });
  const client = await open(t, port);
  for (const expected of [/200 OK[\s\S]*ok$/, /200 OK[\s\S]*ok$/]) {
    client.received = "";
    client.write(request);
    await client.until(expected);
  }
  gateway.update(sources.map((source) => ({ ...source, writeKeys: source.writeKeys.filter((each) => each !== key) })));
  client.received = "";
  client.write(request);
  await client.until(/401 Unauthorized[\s\S]*invalid write key\n$/);
  gateway.update(sources);
  client.received = "";
  client.write(request);
  await client.until(/ok$/);
});
