import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { FakeFileSystem } from "@pintle/log/testing";
import { auth, delivered, open, openEngine, runGateway, turn } from "./running-gateway.test.support.ts";

const body = (name: string): string => JSON.stringify({ userId: "u", event: name });
const head = (length: number): string =>
  `POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: ${auth}\r\nContent-Length: ${length}\r\n\r\n`;
const single = (name: string) => ({ path: "/v1/track", headers: { authorization: auth }, body: body(name) });

test("draining shows in /health alone", async (t) => {
  const engine = await openEngine(t);
  const { gateway, send } = await runGateway(t, { engine });
  gateway.drain();
  const health = await send({ method: "GET", path: "/health" });
  assert.deepEqual([health.status, health.text], [503, '{"status":"stopping"}']);
  assert.equal((await send(single("a"))).text, "ok");
  assert.equal(gateway.stats().state, "stopping");
});

test("closing under load: what was read is answered, what got ok is on disk, nothing stays open", async (t) => {
  const fs = new FakeFileSystem();
  const engine = await openEngine(t, { fs });
  const { gateway, port, send } = await runGateway(t, { engine });
  let letGo: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  fs.interference = ({ kind }) => (kind === "sync" ? gate : undefined);

  const idle = await open(t, port);
  const used = await open(t, port);
  used.write("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  await used.until(/ready/);
  const reading = await open(t, port);
  const last = body("last");
  reading.write(head(last.length) + last.slice(0, 5));
  const waiting = Array.from({ length: 20 }, (_, k) => send(single(`event-${k}`)));
  const bytes = Array.from({ length: 20 }, (_, k) => body(`event-${k}`).length).reduce((a, b) => a + b, 5);
  while (gateway.stats().bytesInFlight < bytes) await turn();

  const closing = gateway.close(60_000);
  await Promise.all([idle.closed, used.closed]);
  const late = connect(port, "127.0.0.1");
  const [error] = await once(late, "error");
  assert.equal((error as { code?: string }).code, "ECONNREFUSED");
  reading.write(last.slice(5));
  letGo();
  for (const answer of await Promise.all(waiting)) {
    assert.deepEqual([answer.text, answer.headers.connection], ["ok", "close"]);
  }
  await reading.until(/Connection: close[\s\S]*ok$/);
  await closing;
  await gateway.close();
  assert.equal(gateway.stats().connections, 0);
  await engine.close();
  fs.crash();
  const after = await openEngine(t, { fs });
  assert.equal(delivered(await after.recordsFrom(0)).length, 21);
});

test("closing takes no longer than the grace", async (t) => {
  const never = new Promise<never>(() => {});
  const { gateway, port } = await runGateway(t, { engine: { partitions: () => 1, append: () => never } });
  const client = await open(t, port);
  client.write(head(body("a").length) + body("a"));
  while (gateway.stats().bytesInFlight === 0) await turn();
  await gateway.close(50);
  await client.closed;
  assert.equal(client.received, "");
});

test("a gateway that never listened closes", async (t) => {
  const { gateway } = await runGateway(t, {
    engine: { partitions: () => 1, append: () => Promise.reject(new Error("not used")) },
  });
  await Promise.all([gateway.close(), gateway.close()]);
});
