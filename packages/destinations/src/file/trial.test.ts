import assert from "node:assert/strict";
import { constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { DeliveredEvent } from "@pintle/kit";
import { file } from "./file.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-file-trial-"));
after(() => rmSync(folder, { recursive: true }));

async function tried(path: string, whileThere = (): void => {}): Promise<readonly string[]> {
  const settings = file.settings.parse({ path, rotateSize: "1MB", rotateEvery: "1h" });
  const trial = await file.trial!(settings, { directory: folder, word: "word" });
  const connection = await file.open(trial.settings, { directory: folder, now: Date.now, userAgent: "" });
  const outcomes = await connection.deliver([{ messageId: "m" } as DeliveredEvent]);
  await connection.close();
  assert.match(trial.writes, /^a line in a file of its own, .*\.word, which is removed$/);
  assert.equal(readFileSync(join(folder, `${path}.word`), "utf8"), '{"messageId":"m"}\n');
  whileThere();
  await trial.remove();
  await trial.remove();
  return outcomes.map(({ outcome }) => outcome);
}

test("a trial leaves the file alone, and nothing behind", async () => {
  writeFileSync(join(folder, "events.jsonl"), "kept\n");
  assert.deepEqual(await tried("events.jsonl"), ["delivered"]);
  assert.deepEqual(await tried("new/folders/events.jsonl"), ["delivered"]);
  assert.deepEqual(readdirSync(folder), ["events.jsonl"]);
  assert.equal(readFileSync(join(folder, "events.jsonl"), "utf8"), "kept\n");
});

test("a folder that was there stays, and so does one that somebody has put something into", async () => {
  mkdirSync(join(folder, "there"));
  await tried("there/events.jsonl");
  await tried("shared/deep/events.jsonl", () => writeFileSync(join(folder, "shared", "other"), ""));
  assert.deepEqual(readdirSync(folder).sort(), ["events.jsonl", "shared", "there"]);
  assert.deepEqual(readdirSync(join(folder, "shared")), ["other"]);
});

test("a file that cannot be written is no file to try", async (t) => {
  const shut = join(folder, "shut");
  writeFileSync(shut, "", { mode: 0o400 });
  // Root can write everything: it is told what anybody else would be.
  if (process.getuid?.() === 0) {
    t.mock.method(promises, "access", async (path: string, mode: number) => {
      assert.deepEqual([path, mode], [shut, constants.W_OK]);
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
  }
  const settings = file.settings.parse({ path: "shut" });
  await assert.rejects(file.trial!(settings, { directory: folder, word: "word" }), { code: "EACCES" });
});
