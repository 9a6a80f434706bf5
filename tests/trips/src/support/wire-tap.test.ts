import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { WireTap } from "./wire-tap.ts";

test("passes bytes and headers on unchanged, both ways, and keeps what was said", async () => {
  const got: Array<{ url: string | undefined; header: unknown; body: Buffer }> = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    got.push({ url: request.url, header: request.headers["x-client"], body: Buffer.concat(chunks) });
    response.writeHead(request.url === "/refused" ? 400 : 200, { "X-Plane": "yes" }).end("ok");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await using tap = await WireTap.listen(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const body = gzipSync(JSON.stringify({ batch: [{ event: "a" }, { event: "b" }], sentAt: "now" }));
    const headers = { "Content-Encoding": "gzip", "X-Client": "7" };
    const answer = await fetch(`${tap.url}/v1/batch?a=1`, { method: "POST", headers, body });
    assert.deepEqual([answer.status, answer.headers.get("x-plane"), await answer.text()], [200, "yes", "ok"]);
    await fetch(`${tap.url}/v1/track`, { method: "POST", body: '{"event":"c"}' });
    await fetch(`${tap.url}/refused`, { method: "POST", body: '{"event":"d"}' });

    assert.deepEqual(got[0], { url: "/v1/batch?a=1", header: "7", body });
    assert.deepEqual(tap.sent, [
      { event: { event: "a" }, batchSentAt: "now" },
      { event: { event: "b" }, batchSentAt: "now" },
      { event: { event: "c" }, endpointType: "track" },
    ]);
    assert.deepEqual(
      tap.exchanges.map(({ path, status }) => [path, status]),
      [
        ["/v1/batch?a=1", 200],
        ["/v1/track", 200],
        ["/refused", 400],
      ],
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
