import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Program } from "./program.ts";
import { onEvent, until } from "./until.ts";

const support = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`a test process that is ended by ${signal} leaves neither its children nor its folders behind`, async () => {
    const script = `
      import { Program } from ${support("program.js")};
      import { tempFolder } from ${support("temp-folder.js")};
      const folder = await tempFolder("last-resort");
      const { child } = new Program(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { cwd: folder.path });
      console.log(JSON.stringify({ path: folder.path, pid: child.pid }));`;
    await using parent = new Program(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    await until("the child to run", () => parent.stdout.endsWith("\n") || parent.hasEnded, {
      hints: [onEvent(parent.child.stdout, "data"), onEvent(parent.child, "close")],
    });
    const { path, pid } = JSON.parse(parent.stdout) as { path: string; pid: number };
    assert.ok(existsSync(path));
    parent.child.kill(signal);
    assert.deepEqual(await parent.ended, { code: null, signal });
    assert.ok(!existsSync(path));
    await until("the child to end", () => !isAlive(pid));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
