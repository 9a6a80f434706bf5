import assert from "node:assert/strict";
import { constants } from "node:fs";
import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { nodeFileSystem as fs, withoutFirst } from "./node-file-system.ts";

test("what is left after a short write is exactly the rest", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 6 });
  fc.assert(
    fc.property(chunks, fc.nat(), (all, count) => {
      const whole = Buffer.concat(all);
      const written = count % (whole.byteLength + 1);
      const rest = withoutFirst(all, written);
      assert.deepEqual(Buffer.concat(rest), whole.subarray(written));
    }),
  );
});

test("writes many chunks, reads to the end, truncates, and keeps others out", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "pintle-fs-"));
  t.after(() => rm(directory, { recursive: true }));
  const inner = join(directory, "a", "b");
  await fs.makeDirectory(inner);
  await fs.makeDirectory(inner);
  const path = join(inner, "file");
  const file = await fs.open(path, "create");
  await assert.rejects(fs.open(path, "create"), { code: "EEXIST" });
  await assert.rejects(fs.open(`${path}x`, "update"), { code: "ENOENT" });
  const chunks = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(7, index));
  await file.write(chunks, 5);
  await file.sync();
  await fs.syncDirectory(inner);
  assert.equal(await file.size(), 21_005);
  const bytes = Buffer.alloc(30_000);
  assert.equal(await file.read(bytes, 100, 29_000, 5), 21_000);
  assert.deepEqual(bytes.subarray(100, 21_100), Buffer.concat(chunks));
  await file.truncate(10);
  assert.equal(await file.read(bytes, 0, 100, 5), 5);
  await file.close();
  if (process.platform !== "win32") {
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(inner)).mode & 0o777, 0o700);
  }
  const { free, total } = await fs.space(directory);
  assert.ok(free > 0 && total >= free);
  assert.deepEqual(await fs.list(inner), ["file"]);
  await fs.remove(path);
  assert.deepEqual(await fs.list(inner), []);
});

test("a durable file is one whose writes the kernel syncs", { skip: process.platform !== "linux" }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "pintle-fs-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, durable] of [
    ["plain", false],
    ["durable", true],
  ] as const) {
    const path = join(folder, name);
    const created = await fs.open(path, durable ? "create durable" : "create");
    assert.equal(await syncsWrites(path), durable);
    await created.close();
    const updated = await fs.open(path, durable ? "update durable" : "update");
    assert.equal(await syncsWrites(path), durable);
    await updated.close();
  }
});

/** Whether this process has opened the file at `path` with O_DSYNC. */
async function syncsWrites(path: string): Promise<boolean> {
  for (const fd of await readdir("/proc/self/fd")) {
    if ((await readlink(`/proc/self/fd/${fd}`).catch(() => "")) !== path) continue;
    const flags = /flags:\s*(\d+)/.exec(await readFile(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return (Number.parseInt(flags ?? "", 8) & constants.O_DSYNC) !== 0;
  }
  throw new Error(`${path} is not open`);
}
