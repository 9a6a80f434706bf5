import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readOrMakeSecret } from "./secret-file.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-secret-"));
after(() => rmSync(folder, { recursive: true }));

test("makes a secret once, for the owner alone, and keeps it", () => {
  const path = join(folder, "token");
  const secret = readOrMakeSecret(path, "at_");
  assert.match(secret, /^at_[\w-]{32}$/);
  assert.equal(readOrMakeSecret(path, "at_"), secret);
  assert.equal(readFileSync(path, "utf8"), `${secret}\n`);
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.notEqual(readOrMakeSecret(join(folder, "other"), "at_"), secret);
});

test("makes a new one where a crash has left an empty file", () => {
  const path = join(folder, "empty");
  writeFileSync(path, "");
  assert.match(readOrMakeSecret(path, ""), /^[\w-]{32}$/);
});

test("takes one that its owner has written", () => {
  const path = join(folder, "own");
  writeFileSync(path, "my own secret\n");
  assert.equal(readOrMakeSecret(path, ""), "my own secret");
});
