import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDataFolder } from "./data-folder.ts";
import type { ServerError } from "./errors.ts";

const folder = mkdtempSync(join(tmpdir(), "pintle-data-folder-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const unexpected = (line: string): void => assert.fail(line);

test("makes the folder and those above it; one that is there is fine", async () => {
  const path = join(folder, "a", "b");
  await makeDataFolder(path, unexpected);
  await makeDataFolder(path, unexpected);
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
      makeDataFolder(path, unexpected),
      (error: ServerError) => error.code === "PINTLE_FOLDER_NOT_WRITABLE" && reason.test(error.message),
    );
  }
});

test("where the system makes no folders it says so, and ends", {
  skip: process.platform !== "linux" && "only Linux has /proc",
}, async () => {
  await assert.rejects(
    makeDataFolder("/proc/pintle/data", unexpected),
    /cannot be written: (no folder can be made there|no permission)/,
  );
});

const posix = { skip: process.platform === "win32" && "Windows has no modes" };
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test("a folder of ours that was open to others is closed, and that is said once", posix, async () => {
  for (const [name, inside] of [
    ["new", []],
    ["used", ["topics", "transform", "admin-token", "admin-url", "write-key", "events.jsonl"]],
    ["volume", ["lost+found"]],
  ] as const) {
    const path = join(folder, name);
    mkdirSync(path);
    for (const each of inside) mkdirSync(join(path, each));
    chmodSync(path, 0o755);
    const lines: string[] = [];
    await makeDataFolder(path, (line) => lines.push(line));
    assert.equal(modeOf(path), 0o700);
    assert.match(
      lines.join("\n"),
      /^the data folder \S+ was open to others \(mode 0755\), and is for its owner .*0700\)$/,
    );
    await makeDataFolder(path, unexpected);
  }
});

test(
  "a folder that has other things in it is not closed, and refused where others can write there",
  posix,
  async () => {
    const path = join(folder, "project");
    mkdirSync(path);
    writeFileSync(join(path, "package.json"), "{}");
    chmodSync(path, 0o755);
    const lines: string[] = [];
    await makeDataFolder(path, (line) => lines.push(line));
    assert.match(
      lines.join("\n"),
      /^the data folder \S+ is open to others \(mode 0755\), which stays, as it has other things/,
    );
    assert.equal(modeOf(path), 0o755);
    chmodSync(path, 0o1777);
    const refused = {
      code: "PINTLE_FOLDER_UNUSABLE",
      message: /is open to others \(mode 0777\) and has other things in it \(choose/,
    };
    await assert.rejects(makeDataFolder(path, unexpected), refused);
    assert.equal(modeOf(path), 0o1777);
  },
);

test("a link of ours leads to the folder", posix, async () => {
  mkdirSync(join(folder, "disk"), { mode: 0o700 });
  symlinkSync(join(folder, "disk"), join(folder, "link"));
  await makeDataFolder(join(folder, "link"), unexpected);
});

test("a folder or link of somebody else is refused", {
  skip: process.getuid?.() !== 0 && "only root can make one",
}, async () => {
  const path = join(folder, "foreign");
  mkdirSync(path);
  chownSync(path, 1000, 1000);
  chmodSync(path, 0o777);
  const problem =
    /belongs to another user \(uid 1000\), and everybody can write it \(mode 0777\) \(choose one of its own/;
  await assert.rejects(makeDataFolder(path, unexpected), { code: "PINTLE_FOLDER_UNUSABLE", message: problem });
  chmodSync(path, 0o750);
  const lines: string[] = [];
  await makeDataFolder(path, (line) => lines.push(line));
  assert.match(lines.join(), /belongs to another user \(uid 1000\), mode 0750: others may be able to read/);
});
