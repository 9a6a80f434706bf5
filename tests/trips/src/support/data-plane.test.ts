import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { DataPlane, type DataPlaneConfig } from "./data-plane.ts";

const config: DataPlaneConfig = {
  sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["audit"] }],
  destinations: { audit: { type: "file", path: "./events.jsonl" } },
};

const health = async (plane: DataPlane): Promise<unknown> => (await fetch(`${plane.url}/health`)).json();

test("a data plane is ready when it has started, and ends cleanly by SIGTERM", async () => {
  await using plane = await DataPlane.start(config);
  assert.deepEqual(await health(plane), { status: "ready" });
  assert.deepEqual(await plane.stop(), { code: 0, signal: null });
  await assert.rejects(health(plane));
  assert.match(plane.output, /^ready$/m);
});

test("after SIGKILL it starts again with the same folder and URL", async () => {
  await using plane = await DataPlane.start(config);
  const { url, data, pid } = plane;
  assert.deepEqual(await plane.kill(), { code: null, signal: "SIGKILL" });
  await plane.restart();
  assert.deepEqual([plane.url, plane.data], [url, data]);
  assert.notEqual(plane.pid, pid);
  assert.deepEqual(await health(plane), { status: "ready" });
});

test("a data plane that cannot start is a failure that tells what it printed", async () => {
  const wrong = { ...config, destinations: { audit: { type: "no-such-type" } } };
  const start = async (): Promise<void> => {
    await using _plane = await DataPlane.start(wrong);
  };
  await assert.rejects(start(), /before it was ready. It printed:\n.*no-such-type/s);
});

test("disposing ends the process and removes its folder", async () => {
  const plane = await DataPlane.start(config);
  const { pid } = plane;
  const folder = plane.path();
  assert.ok(existsSync(folder));
  await plane[Symbol.asyncDispose]();
  assert.ok(!existsSync(folder));
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("a data plane that ended by itself is a failure", async () => {
  await using plane = await DataPlane.start(config);
  process.kill(plane.pid, "SIGKILL");
  await plane.ended;
  await assert.rejects(plane.stop(), /had ended by itself/);
});
