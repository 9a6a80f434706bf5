import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDataFolder } from "./data-folder.ts";
import type { ServerError } from "./errors.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-data-folder-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("makes the folder and those above it, for its owner alone; one that is there is fine", () => {
  const path = join(folder, "a", "b", "c");
  makeDataFolder(path);
  makeDataFolder(path);
  assert.ok(statSync(path).isDirectory());
  if (process.platform !== "win32") {
    for (const each of ["a", "a/b", "a/b/c"]) assert.equal(statSync(join(folder, each)).mode & 0o777, 0o700, each);
  }
  mkdirSync(join(folder, "d"));
  makeDataFolder(join(folder, "d"));
});

test("a file is no folder, nor is what is below one", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const [path, reason] of [
    [file, /cannot be written: it is a file/],
    [join(file, "x"), /cannot be written: a part of it is a file/],
  ] as const) {
    assert.throws(
      () => makeDataFolder(path),
      (error: ServerError) => error.code === "FOLDER_NOT_WRITABLE" && reason.test(error.message),
    );
  }
});

test("where the system makes no folders it says so, and ends", {
  skip: process.platform !== "linux" && "only Linux has /proc",
}, () => {
  assert.throws(
    () => makeDataFolder("/proc/pintle/data"),
    /cannot be written: (no folder can be made there|no permission)/,
  );
});
