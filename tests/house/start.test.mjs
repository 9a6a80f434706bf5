import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
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
    // What it says to try works as it stands, and the URL, which may have a password in it, is not shown.
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

/** Runs `npm start` until it prints `line`, then ends it by Ctrl-C. Returns what it said, and the events that landed in the file. */
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
      said.push(next);
      if (line.test(next)) start.kill("SIGINT");
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
