import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDataFolder } from "./data-folder.ts";
import type { ServerError } from "./errors.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-data-folder-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("makes the folder and those above it; one that is there is fine", async () => {
  const path = join(folder, "a", "b");
  await makeDataFolder(path);
  await makeDataFolder(path);
  assert.ok(statSync(path).isDirectory());
});

test("a file is no folder, nor is what is below one", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  for (const [path, reason] of [
    [file, /cannot be written: it is a file/],
    [join(file, "x"), /cannot be written: a part of it is a file/],
  ] as const) {
    await assert.rejects(
      makeDataFolder(path),
      (error: ServerError) => error.code === "FOLDER_NOT_WRITABLE" && reason.test(error.message),
    );
  }
});

test("where the system makes no folders it says so, and ends", {
  skip: process.platform !== "linux" && "only Linux has /proc",
}, async () => {
  await assert.rejects(
    makeDataFolder("/proc/pintle/data"),
    /cannot be written: (no folder can be made there|no permission)/,
  );
});
