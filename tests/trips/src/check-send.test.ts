import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { Program } from "./support/program.ts";
import { tempFolder } from "./support/temp-folder.ts";

const pintle = fileURLToPath(new URL("../../../packages/server/bin/pintle.js", import.meta.url));

async function checked(
  folder: string,
  destinations: object,
  ...flags: string[]
): Promise<{ code: unknown; output: string }> {
  const config = {
    sources: [{ name: "shop", writeKey: "wk_shop", destinations: Object.keys(destinations) }],
    destinations,
  };
  await writeFile(join(folder, "pintle.config.json"), JSON.stringify(config));
  const program = new Program(process.execPath, [pintle, "check", "--send", ...flags], { cwd: folder });
  const { code } = await program.ended;
  return { code, output: program.output };
}

test("check --send tries PostgreSQL in a schema of its own, and leaves nothing there", needPostgres, async () => {
  await using server = await Postgres.start();
  await using folder = await tempFolder("check");
  const database = await server.database();
  await database.query("CREATE SCHEMA shop; CREATE TABLE shop.tracks (id text)");
  const before = await database.query("SELECT nspname FROM pg_namespace ORDER BY 1");
  const { code, output } = await checked(folder.path, { db: { type: "postgres", url: database.url } });
  assert.match(
    output,
    /db \(postgres\): rows in a schema of its own, pintle_check_[a-z]{8}, in the database \S+ at 127\.0\.0\.1, which is dropped/,
  );
  assert.match(output, /^db \(postgres\)\n {2}it has the test event, which was removed again$/m);
  assert.equal(code, 0, output);
  assert.deepEqual(await database.query("SELECT nspname FROM pg_namespace ORDER BY 1"), before);
  assert.deepEqual(await database.query("SELECT * FROM shop.tracks"), []);
  assert.deepEqual(Object.keys(await database.columns("shop", "tracks")), ["id"]);
});

test("what a trial made before it failed is removed, too", needPostgres, async () => {
  await using server = await Postgres.start();
  await using folder = await tempFolder("check");
  const database = await server.database();
  const db = { type: "postgres", url: database.url, maxColumns: 30 };
  const properties = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, index]));
  await writeFile(
    join(folder.path, "wide.json"),
    JSON.stringify({ type: "track", userId: "u", event: "Wide", properties }),
  );
  const before = await database.query("SELECT nspname FROM pg_namespace ORDER BY 1");
  const { code, output } = await checked(folder.path, { db }, "--event", "wide.json");
  assert.match(output, /refused, it would become a dead letter \(columns: /);
  assert.equal(code, 1);
  assert.deepEqual(await database.query("SELECT nspname FROM pg_namespace ORDER BY 1"), before);
});

test("a database that takes the connection and says nothing ends with the time-out", async () => {
  await using folder = await tempFolder("check");
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const db = { type: "postgres", url: `postgres://u:p4ssw0rd@127.0.0.1:${port}/shop` };
    const { code, output } = await checked(folder.path, { db }, "--timeout", "200ms");
    assert.match(
      output,
      /not delivered, it would be tried again \(timeout: it took longer than 200 ms \(--timeout\)\)/,
    );
    assert.equal(code, 1);
    assert.ok(!output.includes("p4ssw0rd"));
  } finally {
    silent.close();
  }
});
