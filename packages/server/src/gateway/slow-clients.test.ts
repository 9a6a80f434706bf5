import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { auth, cleanUp, open, openEngine, runGateway, turn } from "./running-gateway.test.support.ts";

/*
 * Clients that are slow, many, or stop in the middle take no service from others. Time-outs are
 * those of node:http, set short here: the tests wait for what they cause, not for a time.
 */

const body = JSON.stringify({ userId: "u" });
const head = (length: number, more = ""): string =>
  `POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: ${auth}\r\nContent-Length: ${length}\r\n${more}\r\n`;
const single = { path: "/v1/track", headers: { authorization: auth }, body };

test("a head without end, and a connection without a request, end after headTime", async (t) => {
  const engine = await openEngine(t);
  const { port, send, gateway } = await runGateway(t, { engine, limits: { headTime: 200 } });
  const endless = await open(t, port);
  endless.write("POST /v1/track HTTP/1.1\r\nHost: a\r\n");
  const trickle = setInterval(() => endless.write("X-Filling: x\r\n"), 20);
  const silent = await open(t, port);
  assert.equal((await send(single)).text, "ok");
  await endless.closed;
  clearInterval(trickle);
  assert.match(endless.received, /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
  await silent.closed;
  assert.equal((await send(single)).text, "ok");
  assert.equal(gateway.stats().refused.internal, undefined);
});

test("a body of one byte now and then ends after requestTime, and leaves nothing behind", async (t) => {
  const engine = await openEngine(t);
  const { port, send, gateway } = await runGateway(t, { engine, limits: { headTime: 200, requestTime: 400 } });
  const slow = await open(t, port);
  slow.write(head(1000));
  const trickle = setInterval(() => slow.write("x"), 20);
  assert.equal((await send(single)).text, "ok");
  await slow.closed;
  clearInterval(trickle);
  assert.match(slow.received, /^HTTP\/1\.1 408 /);
  while (gateway.stats().connections > 0) await turn();
  assert.equal(gateway.stats().bytesInFlight, 0);
});

test("a head that is too large is refused", async (t) => {
  const engine = await openEngine(t);
  const { port, send } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(head(2, `X-Filling: ${"x".repeat(20_000)}\r\n`));
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 431 /);
  assert.equal((await send(single)).text, "ok");
});

test("connections that are only held open give way to those that ask for something", async (t) => {
  const engine = await openEngine(t);
  const { port, send, gateway } = await runGateway(t, { engine, limits: { connections: 50 } });
  const idle = [];
  for (let k = 0; k < 200; k++) {
    const client = await open(t, port);
    if (k % 3 === 1) client.write("POST /v1/track HT");
    if (k % 3 === 2) {
      client.write(head(body.length) + body);
      await client.until(/ok$/);
    }
    idle.push(client);
    assert.ok(gateway.stats().connections <= 50);
  }
  for (let k = 0; k < 5; k++) assert.equal((await send(single)).text, "ok");
  // The oldest have gone.
  await Promise.all(idle.slice(0, 150).map((client) => client.closed));
});

test("10,000 idle connections take no service from others", { skip: fewDescriptors() }, async (t) => {
  const engine = await openEngine(t);
  const { port, send, gateway } = await runGateway(t, { engine, limits: { headTime: 600_000, requestTime: 600_000 } });
  const idle = fork(new URL("./idle-connections.child.test.support.js", import.meta.url), [String(port), "10000"]);
  cleanUp(t, async () => {
    const exited = once(idle, "exit");
    idle.kill("SIGKILL");
    await exited;
  });
  await once(idle, "message");
  // What the kernel has accepted, the gateway may still have to.
  while (gateway.stats().connections < 10_000) await turn();
  for (let k = 0; k < 100; k++) assert.equal((await send(single)).text, "ok");
  assert.ok(gateway.stats().connections <= 10_000);
});

/** Why this machine cannot hold so many connections, if it cannot. */
function fewDescriptors(): string | false {
  if (process.platform !== "linux") return false;
  const limit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
  return limit < 10_500 ? `a process may have ${limit} open files here; raise it by ulimit -Hn 20000` : false;
}

test("connections that wait for an answer do not give way", async (t) => {
  const engine = await openEngine(t);
  const { port, gateway } = await runGateway(t, { engine, limits: { connections: 2 } });
  const busy = [await open(t, port), await open(t, port)];
  for (const client of busy) {
    client.write(head(body.length, "Expect: 100-continue\r\n"));
    await client.until(/100 Continue/);
  }
  const third = await open(t, port);
  await third.closed;
  for (const client of busy) {
    client.write(body);
    await client.until(/ok$/);
  }
  assert.equal(gateway.stats().requests, 2);
});

test("who fills the room and then trickles gives way to others", async (t) => {
  const engine = await openEngine(t);
  let now = 1_000_000;
  const limits = { bytesInFlight: 5_000, patience: 5_000 };
  const { port, send, gateway } = await runGateway(t, { engine, limits, clock: () => now });
  const slow = await open(t, port);
  slow.write(head(10_000) + "x".repeat(4_990));
  while (gateway.stats().bytesInFlight < 4_990) await turn();
  slow.write("x".repeat(10));
  while (gateway.stats().bytesInFlight < 5_000) await turn();
  now += 4_999;
  assert.equal((await send(single)).status, 503);
  now += 1;
  assert.equal((await send(single)).text, "ok");
  await slow.until(/408 Request Timeout[\s\S]*request timeout\n/);
  assert.equal(gateway.stats().bytesInFlight, 0);
  assert.deepEqual(gateway.stats().refused, { busy: 1, slow_body: 1 });
});

test("a client that goes away in the middle of its body leaves nothing behind", async (t) => {
  const engine = await openEngine(t);
  const { port, gateway } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(head(10_000) + "x".repeat(5_000));
  while (gateway.stats().bytesInFlight < 5_000) await turn();
  client.socket.destroy();
  while (gateway.stats().connections > 0) await turn();
  assert.equal(gateway.stats().bytesInFlight, 0);
  assert.deepEqual(gateway.stats().refused, {});
});

test("a client that goes away before its answer has its event stored all the same", async (t) => {
  let store: () => void = () => {};
  const stored = new Promise<void>((resolve) => {
    store = resolve;
  });
  const engine = { partitions: () => 1, append: () => stored.then(() => ({ partition: 0, offset: 0 })) };
  const { port, gateway } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(head(body.length) + body);
  while (gateway.stats().bytesInFlight === 0) await turn();
  client.socket.destroy();
  while (gateway.stats().connections > 0) await turn();
  store();
  while (gateway.stats().bytesInFlight > 0) await turn();
  const { events, refused } = gateway.stats();
  assert.deepEqual([events, refused], [1, {}]);
});

test("a refusal reaches a client that is still sending", async (t) => {
  const engine = await openEngine(t);
  const { port } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(`POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 6000000\r\n\r\n`);
  await client.until(/401 Unauthorized[\s\S]*Connection: close[\s\S]*failed to read writekey from header\n/);
  client.write(Buffer.alloc(6_000_000));
  await client.closed;
});

test("a stream without end is cut", async (t) => {
  const engine = await openEngine(t);
  const { port, send } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(`POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: ${auth}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(0x10000, "x"), Buffer.from("\r\n")]);
  const pour = (): void => {
    while (!client.socket.destroyed && client.socket.write(chunk));
  };
  client.socket.on("drain", pour);
  pour();
  await client.closed;
  assert.match(client.received, /^HTTP\/1\.1 413 [\s\S]*request size exceeds max limit\n$/);
  assert.equal((await send(single)).text, "ok");
});

test("a small body that nobody wants costs no connection", async (t) => {
  const engine = await openEngine(t);
  const { port } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(`POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${"x".repeat(1000)}`);
  await client.until(/404 Not Found[\s\S]*not found\n/);
  client.write(head(body.length) + body);
  await client.until(/ok$/);
});

test("who waits for 100 Continue is asked for the body only if it is wanted", async (t) => {
  const engine = await openEngine(t);
  const { port } = await runGateway(t, { engine });
  const refused = await open(t, port);
  refused.write("POST /v1/track HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  await refused.until(/^HTTP\/1\.1 401 [\s\S]*Connection: close/);
  const wanted = await open(t, port);
  wanted.write(head(body.length, "Expect: 100-continue\r\n"));
  await wanted.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  wanted.write(body);
  await wanted.until(/HTTP\/1\.1 200 OK[\s\S]*ok$/);
});

test("requests sent one behind the other are answered in order", async (t) => {
  const engine = await openEngine(t);
  const { port } = await runGateway(t, { engine });
  const client = await open(t, port);
  client.write(`${head(body.length)}${body}GET /version HTTP/1.1\r\nHost: a\r\n\r\n${head(2)}{}`);
  await client.until(/ok[\s\S]*"version"[\s\S]*request neither has anonymousId nor userId\n$/);
});
