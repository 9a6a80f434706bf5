import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = join(root, "examples", "shop", "pintle-data");

test("npm start: what the shop tracks lands in the file, and Ctrl-C ends it cleanly", async () => {
  const wasThere = existsSync(data);
  const before = eventsIn(data);
  const start = spawn(process.execPath, [join(root, "scripts", "start.mjs")], {
    cwd: root,
    // With one, the shop has a second destination.
    env: { ...process.env, DATABASE_URL: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(start, "close");
  let complaints = "";
  start.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  try {
    const said = [];
    for await (const line of createInterface({ input: start.stdout })) {
      said.push(line);
      if (/^tracked .* delivered [1-9]/.test(line)) start.kill("SIGINT");
    }
    assert.deepEqual(await ended, [0, null], complaints);
    assert.ok(
      said.some((line) => line.includes("curl http://127.0.0.1:")),
      said.join("\n"),
    );
    const [, tracked, accepted, delivered] =
      /^tracked (\d+), accepted (\d+); archive: delivered (\d+), waiting 0$/.exec(said.at(-1)) ??
      assert.fail(said.join("\n"));
    assert.equal(accepted, tracked);
    assert.equal(delivered, tracked);
    assert.equal(eventsIn(data) - before, Number(tracked));
  } finally {
    start.kill("SIGTERM");
    await ended;
    if (!wasThere) rmSync(data, { recursive: true, force: true });
  }
});

function eventsIn(folder) {
  const file = join(folder, "events.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}
