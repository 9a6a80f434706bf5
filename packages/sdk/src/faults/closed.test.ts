/**
 * Closed means that nothing is left: clients that are made and closed one after the other, in a
 * process that may open few files.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeDataPlane } from "../testing/index.ts";
import { ProxyServer } from "../transport/proxy-server.test.support.ts";

const run = promisify(execFile);
const programFile = fileURLToPath(new URL("./closed.test.child.js", import.meta.url));
const count = 400;

interface Report {
  readonly delivered: number;
  readonly before: object;
  readonly after: object;
}

async function useMany(url: string, config: object = {}): Promise<Report> {
  const command = 'ulimit -n 256; exec "$@"';
  const program = [process.execPath, "--unhandled-rejections=strict", programFile, url, String(count)];
  const args = ["-c", command, "sh", ...program, JSON.stringify(config)];
  const { stdout, stderr } = await run("sh", args, { timeout: 120_000 });
  assert.equal(stderr, "");
  return JSON.parse(stdout) as Report;
}

test("a closed client leaves no connection, timer, listener or descriptor", async () => {
  await using plane = await FakeDataPlane.start();
  const { delivered, before, after } = await useMany(plane.url);
  assert.equal(delivered, count);
  assert.deepEqual(after, before);
  assert.ok(plane.connections.most <= 2, `${plane.connections.most} connections at one time`);
  await plane.until(() => plane.connections.open === 0);
});

test("and none to a proxy", async () => {
  await using plane = await FakeDataPlane.start();
  await using proxy = await ProxyServer.start();
  const { delivered, before, after } = await useMany(plane.url, { proxy: proxy.url });
  assert.deepEqual([delivered, proxy.asked.length], [count, count]);
  assert.deepEqual(after, before);
});

test("a client that is closed while its server hangs leaves nothing either, on the way through a proxy as well", async () => {
  await using plane = await FakeDataPlane.start({ otherwise: "hang" });
  await using proxy = await ProxyServer.start({ refuse: "hang" });
  const { Pintle } = await import("../index.ts");
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  for (const config of [{}, { proxy: proxy.url }]) {
    const url = "proxy" in config ? "https://data.example.com" : plane.url;
    const client = new Pintle("key", url, { logger, interval: 0, ...config });
    const receipt = client.track({ userId: "1", event: "Paid" });
    while (plane.requests.length + proxy.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await client.close({ timeout: 0 });
    assert.equal((await receipt.delivered()).status, "dropped");
    while (plane.connections.open + proxy.open > 0) await new Promise((resolve) => setImmediate(resolve));
  }
});
