import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LogError } from "./errors.ts";
import { FolderLock } from "./folder-lock.ts";

const child = fileURLToPath(new URL("./testing/lock-child.js", import.meta.url));
const held = (error: unknown): boolean =>
  error instanceof LogError && error.code === "PINTLE_LOCK_HELD" && error.retryable;

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pintle-lock-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

/** Starts a process that takes the lock; what it said. */
async function start(t: TestContext, directory: string): Promise<{ process: ChildProcess; said: string }> {
  const started = spawn(process.execPath, [child, directory], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => started.kill("SIGKILL"));
  const [said] = await once(createInterface(started.stdout!), "line");
  return { process: started, said };
}

test("one holder at a time, in one process as well, and the next one after it", async (t) => {
  const directory = join(await folder(t), "made", "by", "acquire");
  const first = await FolderLock.acquire(directory);
  await assert.rejects(FolderLock.acquire(directory), (error) => {
    return (
      held(error) &&
      (error as Error).message.includes(directory) &&
      (error as Error).message.includes(String(process.pid))
    );
  });
  const waiting = FolderLock.acquire(directory, { wait: 60_000 });
  await first.release();
  await first.release();
  const second = await waiting;
  await second.release();
  if (process.platform !== "win32") assert.deepEqual(readdirSync(directory), []);
});

test("the lock of a process that was killed is free, and that of one that was stopped is not", async (t) => {
  const directory = await folder(t);
  const holder = await start(t, directory);
  assert.equal(holder.said, "held");
  await assert.rejects(FolderLock.acquire(directory), held);
  if (process.platform !== "win32") {
    holder.process.kill("SIGSTOP");
    await assert.rejects(FolderLock.acquire(directory), held);
  }
  holder.process.kill("SIGKILL");
  await once(holder.process, "exit");
  const lock = await FolderLock.acquire(directory);
  if (process.platform !== "win32") assert.equal(readdirSync(directory).length, 1, "the leftover is removed");
  await lock.release();
});

test("of many that take a free or a stale lock at once, exactly one gets it", async (t) => {
  const directory = await folder(t);
  for (let round = 0; round < 10; round++) {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.acquire(directory)));
    const locks = results.filter((result) => result.status === "fulfilled").map(({ value }) => value);
    for (const result of results)
      if (result.status === "rejected") assert.ok(held(result.reason), String(result.reason));
    assert.equal(locks.length, 1);
    await locks[0]!.release();
  }
  const stale = await start(t, directory);
  stale.process.kill("SIGKILL");
  await once(stale.process, "exit");
  const taken = await Promise.all(Array.from({ length: 4 }, () => start(t, directory)));
  assert.deepEqual(taken.map(({ said }) => said).sort(), [
    "PINTLE_LOCK_HELD",
    "PINTLE_LOCK_HELD",
    "PINTLE_LOCK_HELD",
    "held",
  ]);
});

test("all who wait get it, one after the other", async (t) => {
  const directory = await folder(t);
  let holders = 0;
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      const lock = await FolderLock.acquire(directory, { wait: 60_000 });
      holders++;
      assert.equal(holders, 1);
      await new Promise((resolve) => setImmediate(resolve));
      holders--;
      await lock.release();
    }),
  );
});

test("a path that is too long for the address of a socket", {
  skip: process.platform !== "linux" && "only Linux has another way",
}, async (t) => {
  const directory = join(await folder(t), "x".repeat(120));
  const lock = await FolderLock.acquire(directory);
  await assert.rejects(FolderLock.acquire(directory), held);
  await lock.release();
  assert.deepEqual(readdirSync(directory), []);
});

test("a lock keeps no process alive", async (t) => {
  const directory = await folder(t);
  const entry = new URL("./folder-lock.js", import.meta.url).href;
  const code = `import { FolderLock } from ${JSON.stringify(entry)}; await FolderLock.acquire(${JSON.stringify(directory)});`;
  const ended = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "inherit" });
  t.after(() => ended.kill("SIGKILL"));
  const [status] = await once(ended, "exit");
  assert.equal(status, 0);
  assert.ok(existsSync(directory));
});
