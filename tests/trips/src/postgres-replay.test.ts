import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Pintle } from "@pintle/sdk";
import { DataPlane } from "./support/data-plane.ts";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { runProgram } from "./support/program.ts";
import { until } from "./support/until.ts";

const command = fileURLToPath(new URL("../bin/pintle.js", import.meta.resolve("pintle")));
const writeKey = "wk_replay";

test(
  "rows that the server refused are loaded by pintle dead replay, once what refused them is gone",
  needPostgres,
  async () => {
    await using server = await Postgres.start();
    const database = await server.database();
    await database.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.step (id text PRIMARY KEY, received_at timestamptz, n bigint CHECK (n % 10 <> 3))`);
    await using plane = await DataPlane.start({
      sources: [{ name: "shop", writeKey, destinations: ["warehouse"] }],
      destinations: { warehouse: { type: "postgres", url: database.url } },
    });
    const client = new Pintle(writeKey, plane.url, { strict: true });
    for (let n = 0; n < 50; n++)
      client.track({ userId: `u${n % 3}`, event: "Step", messageId: `m${n}`, properties: { n } });
    await client.close({ timeout: 60_000 });
    const count = () => database.value<number>("SELECT count(*)::int FROM shop.step");
    await until("the good ones in the warehouse", async () => (await count()) === 45, { state: () => plane.output });

    await database.query("ALTER TABLE shop.step DROP CONSTRAINT step_n_check");
    const pintle = (...args: string[]) =>
      runProgram(process.execPath, [
        command,
        ...args,
        "--data",
        plane.data,
        "--admin-port",
        new URL(plane.adminUrl).port,
      ]);
    assert.match(await pintle("dead", "list"), /row_23514/);
    await pintle("dead", "replay", "--destination", "warehouse", "--reason", "row_23514");
    await until("all of them in the warehouse", async () => (await count()) === 50, { state: () => plane.output });
    for (const table of ["tracks", "step"]) {
      assert.equal(await database.value(`SELECT count(DISTINCT id)::int FROM shop.${table}`), 50, table);
      assert.equal(await database.value(`SELECT count(*)::int FROM shop.${table}`), 50, table);
    }
    // A restart repeats nothing of it.
    await plane.kill();
    await plane.restart();
    const again = new Pintle(writeKey, plane.url, { strict: true });
    again.track({ userId: "u", event: "Step", messageId: "m50", properties: { n: 50 } });
    await again.close({ timeout: 60_000 });
    await until("the next one in the warehouse", async () => (await count()) === 51, { state: () => plane.output });
    assert.equal(await database.value("SELECT count(*)::int FROM shop.tracks"), 51);
  },
);
