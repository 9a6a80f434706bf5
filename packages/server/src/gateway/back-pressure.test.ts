import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { FakeFileSystem } from "@pintle/log/testing";
import { auth, delivered, open, openEngine, type Response, runGateway, turn } from "./running-gateway.test.support.ts";

const unavailable = [503, "service unavailable\n"];

function single(name: string, bytes = 100): { path: string; headers: Record<string, string>; body: string } {
  const body = JSON.stringify({ userId: "u", event: name, properties: { filling: "x".repeat(bytes) } });
  return { path: "/v1/track", headers: { authorization: auth }, body };
}

/** Holds every sync of a file system until it is let go. */
function holdSyncs(fs: FakeFileSystem): { letGo(): void } {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  fs.interference = ({ kind }) => (kind === "sync" ? gate : undefined);
  return {
    letGo() {
      fs.interference = () => {};
      go();
    },
  };
}

test("a slow disk: memory stays bounded, the rest is 503, and service comes back", async (t) => {
  const fs = new FakeFileSystem();
  const engine = await openEngine(t, { fs });
  const limit = 10 * single("event-100", 9_000).body.length;
  const { gateway, send, port } = await runGateway(t, { engine, limits: { bytesInFlight: limit } });
  const { letGo } = holdSyncs(fs);
  let most = 0;
  const waiting: Promise<Response>[] = [];
  const refused: Response[] = [];
  for (let k = 0; refused.length < 5; k++) {
    const request = single(`event-${100 + k}`, 9_000);
    const before = gateway.stats().bytesInFlight;
    let answered: Response | undefined;
    const answer = send(request).then((response) => {
      answered = response;
      return response;
    });
    // It is either refused at once or waits for the disk.
    while (answered === undefined && gateway.stats().bytesInFlight < before + request.body.length) await turn();
    most = Math.max(most, gateway.stats().bytesInFlight);
    if (answered === undefined) waiting.push(answer);
    else refused.push(answered);
  }
  for (const { status, text, headers } of refused) {
    assert.deepEqual([status, text, headers["retry-after"]], [...unavailable, "1"]);
  }
  assert.equal(waiting.length, 10);
  assert.equal(most, limit);

  // The refusal does not wait for the body.
  const client = await open(t, port);
  client.write(`POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: ${auth}\r\nContent-Length: 1000000\r\n\r\n`);
  await client.until(/503 Service Unavailable[\s\S]*Retry-After: 1\r\n[\s\S]*service unavailable\n/);
  assert.equal((await send({ headers: {} })).status, 401, "what is wrong with the key is said first");

  letGo();
  for (const answer of waiting) assert.equal((await answer).text, "ok");
  assert.equal((await send(single("after"))).text, "ok");
  assert.equal(gateway.stats().bytesInFlight, 0);
  assert.equal(delivered(await engine.recordsFrom(0)).length, waiting.length + 1);
  assert.equal(gateway.stats().refused.busy, 6);
});

test("what grows beyond the room on unpacking is refused, and stored nowhere", async (t) => {
  const engine = await openEngine(t);
  const { gateway, send } = await runGateway(t, { engine, limits: { bytesInFlight: 50_000 } });
  const { path, body } = single("large", 100_000);
  const headers = { authorization: auth, "content-encoding": "gzip" };
  const response = await send({ path, headers, body: gzipSync(body) });
  assert.deepEqual([response.status, response.text], unavailable);
  assert.equal((await send(single("small"))).text, "ok");
  assert.equal(gateway.stats().bytesInFlight, 0);
  assert.equal(delivered(await engine.recordsFrom(0)).length, 1);
});

test("a full disk: 503, nothing that got ok is lost, and service comes back when there is room", async (t) => {
  const fs = new FakeFileSystem();
  let now = Date.UTC(2026, 10, 23);
  t.mock.method(Date, "now", () => now);
  const engine = await openEngine(t, { fs });
  const { gateway, send, lines } = await runGateway(t, { engine });
  const acknowledged: string[] = [];
  const post = async (name: string) => {
    const response = await send(single(name, 2_000));
    if (response.status === 200) acknowledged.push(name);
    else assert.deepEqual([response.status, response.text, response.headers["retry-after"]], [...unavailable, "5"]);
    return response.status;
  };
  for (let round = 0; round < 3; round++) {
    fs.capacity = fs.used + 10_000;
    let k = 0;
    while ((await post(`${round}-${k++}`)) === 200) assert.ok(k < 100, "the disk was never full");
    assert.equal(gateway.stats().storage, "full");
    // While it is shut nothing is tried, so nothing of the disk is touched.
    const { length } = fs.operations;
    assert.equal(await post(`${round}-shut`), 503);
    assert.equal(fs.operations.length, length);
    // Still full after a while: tried, and refused again.
    now += 2_000;
    assert.equal(await post(`${round}-full`), 503);
    fs.capacity = Number.POSITIVE_INFINITY;
    now += 2_000;
    assert.equal(await post(`${round}-again`), 200);
    assert.equal(gateway.stats().storage, "open");
  }
  assert.deepEqual(
    delivered(await engine.recordsFrom(0)).map(({ event }) => event),
    acknowledged,
  );
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["error", "info", "error", "info", "error", "info"],
  );

  // The same after the power failed.
  await engine.close();
  fs.crash();
  const after = await openEngine(t, { fs });
  assert.deepEqual(
    delivered(await after.recordsFrom(0)).map(({ event }) => event),
    acknowledged,
  );
});

test("a pixel on a full disk is still a pixel", async (t) => {
  const { gateway, send } = await runGateway(t, {
    engine: { partitions: () => 1, append: () => Promise.reject(new Error("full")) },
  });
  for (const reason of ["tried", "not tried"]) {
    const response = await send({ method: "GET", path: "/pixel/v1/page?writeKey=wk_shop_secret&anonymousId=a" });
    assert.deepEqual([response.status, response.headers["content-type"]], [200, "image/gif"], reason);
  }
  assert.deepEqual(gateway.stats().refused, { storage: 2 });
});
