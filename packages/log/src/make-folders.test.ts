import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FolderLock } from "./folder-lock.ts";
import { makeFolders } from "./make-folders.ts";
import { nodeFileSystem } from "./node-file-system.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-make-folders-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("makes a folder and those above it, for its owner alone, also for many at once; one that is there is fine", async () => {
  const path = join(folder, "a", "b", "c");
  await Promise.all(Array.from({ length: 8 }, () => makeFolders(path)));
  await makeFolders(path);
  if (process.platform !== "win32") {
    for (const each of ["a", "a/b", "a/b/c"]) assert.equal(statSync(join(folder, each)).mode & 0o777, 0o700, each);
  }
  mkdirSync(join(folder, "d"));
  await makeFolders(join(folder, "d"));
});

test("a file is no folder, nor is what is below one", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await assert.rejects(makeFolders(file), { code: "EEXIST" });
  await assert.rejects(makeFolders(join(file, "x")), { code: "ENOTDIR" });
});

const onlyLinux = { skip: process.platform !== "linux" && "only Linux has /proc" };

test("where the system makes no folders, everything that needs one ends", onlyLinux, async () => {
  const refused = (error: NodeJS.ErrnoException) => error.code === "ENOENT" || error.code === "EACCES";
  await assert.rejects(makeFolders("/proc/pintle/data"), refused);
  await assert.rejects(FolderLock.acquire("/proc/pintle/data"), refused);
  await assert.rejects(nodeFileSystem.makeDirectory("/proc/pintle/data"), refused);
});
