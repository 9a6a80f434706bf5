import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startFlags } from "../../scripts/lib/start-flags.mjs";
import { needPostgres, Postgres } from "../trips/dist/support/postgres.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = join(root, "examples", "shop", "pintle-data");

test("npm start: what the shop tracks lands in the file, and Ctrl-C ends it cleanly", async () => {
  const { said, landed } = await runShop("", /^tracked .* delivered [1-9]/);
  assert.ok(
    said.some((line) => line.includes("curl http://127.0.0.1:")),
    said.join("\n"),
  );
  const [, tracked, accepted, delivered] =
    /^tracked (\d+), accepted (\d+); archive: delivered (\d+), waiting 0$/.exec(said.at(-1)) ??
    assert.fail(said.join("\n"));
  assert.equal(accepted, tracked);
  assert.equal(delivered, tracked);
  assert.equal(landed, Number(tracked));
});

test("npm start with DATABASE_URL: what the shop tracks is in tables, too", needPostgres, async () => {
  const server = await Postgres.start();
  try {
    const database = await server.database();
    const { said, landed } = await runShop(database.url, /; warehouse: delivered [1-9]/);
    const [, tracked, loaded] =
      /^tracked (\d+), .*; warehouse: delivered (\d+), waiting 0$/.exec(said.at(-1)) ?? assert.fail(said.join("\n"));
    assert.equal(landed, Number(tracked));
    // Where somebody tried the shop without a database before, it catches up.
    assert.ok(Number(loaded) >= landed, said.at(-1));
    const tables = ["tracks", "identifies", "pages", "groups", "aliases", "screens"];
    let rows = 0;
    for (const { tablename } of await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'shop'"))
      if (tables.includes(tablename)) rows += await database.value(`SELECT count(*)::int FROM shop.${tablename}`);
    assert.equal(rows, Number(loaded));
    // What it says to try works as it stands, and the URL, which may have a password in it, is not
    // shown.
    const query = said
      .join("\n")
      .match(/psql "\$DATABASE_URL" -c "(.+)"/)
      ?.at(1);
    assert.ok(query, said.join("\n"));
    assert.ok((await database.query(query)).length > 0);
    assert.ok(!said.join("\n").includes(database.url));
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

test("npm start -- --port: the data plane listens there, and a signal to npm ends all of it", {
  skip: process.platform === "win32" && "Windows has no signals",
}, async () => {
  const { npm_execpath: npm = "npm" } = process.env;
  const command = npm.endsWith(".js") ? [process.execPath, npm] : [npm];
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const wasThere = existsSync(data);
  const [program, ...words] = [...command, "start", "--", "--port", String(port), "--admin-port=0"];
  const start = spawn(program, words, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(start, "close");
  try {
    let said = "";
    for await (const next of createInterface({ input: start.stdout })) {
      said += `${next}\n`;
      if (/^tracked [1-9]/.test(next)) start.kill("SIGTERM");
    }
    // Its output is closed by the last of them.
    await ended;
    assert.match(said, new RegExp(`curl http://127\\.0\\.0\\.1:${port}/v1/track`));
    assert.match(said, /^tracked (\d+), accepted \1; archive: delivered \1, waiting 0$/m);
  } finally {
    start.kill("SIGTERM");
    await ended;
    if (!wasThere) rmSync(data, { recursive: true, force: true });
  }
});

test("npm start refuses what it does not know, in one line that says how", () => {
  assert.deepEqual(startFlags([]), { port: undefined, adminPort: undefined });
  assert.deepEqual(startFlags(["--port", "0", "--admin-port=9001"]), { port: 0, adminPort: 9001 });
  assert.match(startFlags(["--port", "1", "--help"]).help, /--admin-port PORT/);
  for (const [args, problem] of [
    [["--port", "70000"], '--port takes a port, 0 to 65535, not "70000"'],
    [["--port=-1"], '--port takes a port, 0 to 65535, not "-1"'],
    [["--port"], "--port needs a value: npm start -- --port 9000"],
    [["--admin-port", "x"], '--admin-port takes a port, 0 to 65535, not "x"'],
    [["9000"], 'npm start does not know "9000"; there are --port PORT and --admin-port PORT'],
    [["--prot", "1"], 'npm start does not know "--prot"; there are --port PORT and --admin-port PORT'],
    [["--port", "9000", "--admin-port", "9000"], "--port and --admin-port are both 9000: each needs one of its own"],
  ]) {
    assert.deepEqual(startFlags(args), { problem });
  }
  assert.deepEqual(startFlags([], { npm_config_port: "9000" }), {
    problem: "npm keeps --port for itself: npm start -- --port 9000",
  });
});

/**
 * Runs `npm start` until it prints `line`, then ends it by Ctrl-C. Returns what it said, and the
 * events that landed in the file.
 */
async function runShop(databaseUrl, line) {
  const wasThere = existsSync(data);
  const before = eventsIn(data);
  const start = spawn(process.execPath, [join(root, "scripts", "start.mjs")], {
    cwd: root,
    // With one, the shop has a second destination.
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(start, "close");
  let complaints = "";
  start.stderr.setEncoding("utf8").on("data", (text) => {
    complaints += text;
  });
  try {
    const said = [];
    for await (const next of createInterface({ input: start.stdout })) {
      // A second Ctrl-C ends it hard.
      if (line.test(next) && !said.some((earlier) => line.test(earlier))) start.kill("SIGINT");
      said.push(next);
    }
    assert.deepEqual(await ended, [0, null], complaints);
    return { said, landed: eventsIn(data) - before };
  } finally {
    start.kill("SIGTERM");
    await ended;
    if (!wasThere) rmSync(data, { recursive: true, force: true });
  }
}

function eventsIn(folder) {
  const file = join(folder, "events.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}
