import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { verifyLog } from "@pintle/log";
import { type CommandRun, configured, start } from "./run.test.support.ts";

/**
 * A file system of 32 MB in memory, which is gone after the test; `undefined` where none can be
 * mounted.
 */
function smallDisk(t: TestContext, path: string): string | undefined {
  mkdirSync(path);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", path]).status !== 0) return undefined;
  t.after(() => spawnSync("umount", ["-l", path]));
  return path;
}

/** Writes into a file until nothing more goes in. */
function fill(path: string): void {
  const file = openSync(path, "a");
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "ENOSPC");
  } finally {
    closeSync(file);
  }
}

test("a full disk: health says so, a kill leaves no alarm, it starts and delivers what it has, and takes events once there is room", async (t) => {
  const got = new Set<string>();
  let takes = false;
  const hook = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      response.statusCode = takes ? 200 : 503;
      if (takes) got.add((JSON.parse(body) as { messageId: string }).messageId);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  t.after(() => {
    hook.closeAllConnections();
    hook.close();
  });
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  const folder = configured({
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url } },
  });
  const disk = smallDisk(t, join(folder, "disk"));
  if (disk === undefined) {
    const reason = "no file system can be mounted: run it as root on Linux";
    assert.notEqual(process.env.PINTLE_REQUIRE_ALL, "1", reason);
    t.skip(reason);
    return;
  }
  const data = join(disk, "data");
  writeFileSync(join(disk, "ballast"), Buffer.alloc(8e6));

  const accepted: string[] = [];
  const post = async (run: CommandRun, messageId: string, bytes: number): Promise<number> => {
    const { status } = await fetch(`${run.told("events")}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("wk_shop:")}`, connection: "close" },
      body: JSON.stringify({ userId: messageId, event: "A", messageId, properties: { x: "y".repeat(bytes) } }),
    });
    if (status === 200) accepted.push(messageId);
    return status;
  };
  const health = async (base: string): Promise<[number, string]> => {
    const authorization = `Bearer ${readFileSync(join(data, "admin-token"), "utf8").trim()}`;
    const response = await fetch(`${base}/health`, { headers: { authorization, connection: "close" } });
    return [response.status, ((await response.json()) as { status: string }).status];
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  const first = start(folder, "--data", data);
  await first.ready();
  // Nothing is compressed, and the last group is broken off in the middle.
  let count = 0;
  while ((await post(first, `m${count}`, 300_000)) === 200) count++;
  assert.ok(count > 20);
  assert.deepEqual(await health(first.told("events")), [503, "full"]);
  assert.deepEqual(await health(first.told("admin")), [503, "full"]);
  first.signal("SIGKILL");
  await first.ended;
  fill(join(disk, "filler"));
  const { damage } = await verifyLog(join(data, "topics", "events-0"));
  assert.deepEqual(
    damage.filter(({ acknowledged }) => acknowledged),
    [],
  );

  takes = true;
  const second = start(folder, "--data", data);
  await second.ready();
  assert.deepEqual(await health(second.told("events")), [503, "full"]);
  assert.equal(await post(second, "refused", 300_000), 503);
  while (accepted.some((id) => !got.has(id))) await turn();
  assert.doesNotMatch(second.stderr, /cannot be read/);

  rmSync(join(disk, "filler"));
  rmSync(join(disk, "ballast"));
  while ((await health(second.told("events")))[0] !== 200) await turn();
  assert.equal(await post(second, "again", 1000), 200);
  assert.deepEqual(await health(second.told("admin")), [200, "ready"]);
  while (!got.has("again")) await turn();
  second.signal("SIGTERM");
  assert.equal(await second.ended, 0);
});
