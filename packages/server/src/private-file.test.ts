import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readOrMakeSecret, readPrivateFile, writePrivateFile } from "./private-file.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-secret-"));
after(() => rmSync(folder, { recursive: true }));

const unexpected = (line: string): void => assert.fail(line);
const posix = { skip: process.platform === "win32" && "Windows has no modes" };

test("makes a secret once, for the owner alone, and keeps it", () => {
  const path = join(folder, "token");
  const secret = readOrMakeSecret(path, "at_", unexpected);
  assert.match(secret, /^at_[\w-]{32}$/);
  assert.equal(readOrMakeSecret(path, "at_", unexpected), secret);
  assert.equal(readFileSync(path, "utf8"), `${secret}\n`);
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.notEqual(readOrMakeSecret(join(folder, "other"), "at_", unexpected), secret);
});

test("makes a new one where a crash has left an empty file, or half of a new one", () => {
  const path = join(folder, "empty");
  writeFileSync(path, "", { mode: 0o600 });
  writeFileSync(`${path}.new`, "at_ha", { mode: 0o600 });
  assert.match(readOrMakeSecret(path, "", unexpected), /^[\w-]{32}$/);
});

test("takes one that its owner has written, closes it to others, and says so", posix, () => {
  const path = join(folder, "own");
  writeFileSync(path, "my-own-secret\n");
  chmodSync(path, 0o644);
  const lines: string[] = [];
  assert.equal(
    readOrMakeSecret(path, "", (line) => lines.push(line)),
    "my-own-secret",
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.match(lines.join(), /own was open to others \(mode 0644\), and is for its owner alone from now on/);
  assert.equal(readOrMakeSecret(path, "", unexpected), "my-own-secret");
});

test("refuses what could be somebody else's doing", posix, () => {
  const secret = join(folder, "elsewhere");
  writeFileSync(secret, "not_mine", { mode: 0o600 });
  const refusals: [name: string, make: (path: string) => void, message: RegExp][] = [
    ["link", (path) => symlinkSync(secret, path), /link is a symbolic link: remove it, and a new one is made$/],
    ["dangling", (path) => symlinkSync(join(folder, "nowhere"), path), /is a symbolic link/],
    ["folder", (path) => mkdirSync(path), /folder is no file/],
    ["pipe", (path) => execFileSync("mkfifo", [path]), /pipe is no file/],
    ["long", (path) => writeFileSync(path, "x".repeat(4097), { mode: 0o600 }), /long has more than 4096 bytes/],
    ["words", (path) => writeFileSync(path, "two words", { mode: 0o600 }), /holds something else than one word/],
  ];
  if (process.getuid?.() === 0) {
    const foreign = (path: string): void => {
      writeFileSync(path, "x");
      chownSync(path, 1000, 1000);
      chmodSync(path, 0o666);
    };
    refusals.push(["foreign", foreign, /belongs to another user \(uid 1000\), and everybody can write it/]);
  }
  for (const [name, make, message] of refusals) {
    const path = join(folder, name);
    make(path);
    assert.throws(() => readOrMakeSecret(path, "", unexpected), { code: "PINTLE_FOLDER_UNUSABLE", message });
  }
});

test("what is written takes the place of a link, and leaves alone what it led to", posix, () => {
  const target = join(folder, "target");
  writeFileSync(target, "precious");
  for (const name of ["url", "url.new"]) symlinkSync(target, join(folder, name));
  writePrivateFile(join(folder, "url"), "mine\n");
  assert.equal(readFileSync(target, "utf8"), "precious");
  assert.equal(readPrivateFile(join(folder, "url"), unexpected), "mine");
});
