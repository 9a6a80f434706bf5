import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Pintle } from "@pintle/sdk";
import { byCustomer, type Purchase, readPurchases } from "./purchases.ts";
import { DataPlane } from "./support/data-plane.ts";
import { need } from "./support/need.ts";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { until } from "./support/until.ts";

const path = process.env.PINTLE_CDNOW;
const needCdnow = need("The CDNOW purchases", {
  found: path !== undefined && existsSync(path),
  install: "PINTLE_CDNOW=path/to/CDNOW_sample.txt npm test (Fader and Hardie's 1/10 sample of the CDNOW data set)",
});
const needs = needPostgres.skip === false ? needCdnow : needPostgres;
const writeKey = "wk_cdnow";

test(
  "18 months of CDNOW's purchases in tables, exactly, though data plane and PostgreSQL are killed on the way",
  needs,
  async () => {
    const purchases = readPurchases(path!);
    await using server = await Postgres.start();
    const database = await server.database();
    // A number of its own tells in which order the rows were loaded: their times know only the day.
    await database.query(`CREATE SCHEMA cdnow;
    CREATE TABLE cdnow.order_completed (id text PRIMARY KEY, received_at timestamptz, loaded bigserial)`);
    await using plane = await DataPlane.start({
      sources: [{ name: "cdnow", writeKey, destinations: ["warehouse"] }],
      destinations: { warehouse: { type: "postgres", url: database.url, timeout: "10s" } },
    });
    // Small batches: many requests, so that each kill finds some answered, some on their way and some not yet sent.
    const client = new Pintle(writeKey, plane.url, { strict: true, batchSize: 20 });
    const at = (part: number) => Math.floor(part * purchases.length);
    const kills = new Map([
      [at(0.15), "plane"],
      [at(0.35), "server"],
      [at(0.5), "both"],
      [at(0.65), "server"],
      [at(0.85), "plane"],
    ]);
    const loaded = () => database.value<number>("SELECT count(*)::int FROM cdnow.order_completed");
    const seen = new Set<string>();
    let restarting: Promise<unknown> = Promise.resolve();
    for (const [index, purchase] of purchases.entries()) {
      const kill = kills.get(index);
      if (kill !== undefined) {
        await restarting;
        const before = await loaded();
        await until("the warehouse to be in the middle of it", async () => (await loaded()) > before, {
          state: () => plane.output,
        });
        // Both go on selling while one, or the other, is down.
        const down: Promise<void>[] = [];
        if (kill !== "server") down.push(plane.kill().then(() => plane.restart()));
        if (kill !== "plane") down.push(server.kill().then(() => server.restart()));
        restarting = Promise.all(down);
        restarting.catch(() => {}); // Awaited before the next kill, or at the end.
      }
      await send(client, purchase, seen);
    }
    await restarting;
    await client.close({ timeout: 120_000 });
    const { dropped, pending, delivered } = client.stats();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    assert.deepEqual([lost, pending, delivered], [0, 0, purchases.length + seen.size]);
    let count = 0;
    await until(
      "every purchase in the warehouse",
      async () => {
        count = await loaded();
        return (
          count >= purchases.length &&
          (await database.value<number>("SELECT count(*)::int FROM cdnow.users")) >= seen.size
        );
      },
      { state: () => `${count} of ${purchases.length}. The data plane printed:\n${plane.output}` },
    );
    assert.deepEqual(await plane.stop(), { code: 0, signal: null });
    await check(database, purchases);
  },
);

async function send(client: Pintle, { customer, date, cds, cents }: Purchase, seen: Set<string>): Promise<void> {
  const timestamp = new Date(date);
  if (!seen.has(customer)) {
    seen.add(customer);
    await client.ready();
    client.identify({ userId: customer, timestamp, traits: { customer } });
  }
  await client.ready();
  client.track({ userId: customer, event: "Order Completed", timestamp, properties: { revenue: cents / 100, cds } });
}

/** Compares what SQL says, without removing repeats, with what the file says. */
async function check(database: Database, purchases: readonly Purchase[]): Promise<void> {
  const customers = byCustomer(purchases);
  for (const table of ["users", "identifies"]) {
    assert.equal(await database.value(`SELECT count(*)::int FROM cdnow.${table}`), customers.size, table);
  }
  for (const table of ["tracks", "order_completed"]) {
    assert.equal(await database.value(`SELECT count(*)::int FROM cdnow.${table}`), purchases.length, table);
  }
  const cents = purchases.reduce((sum, purchase) => sum + purchase.cents, 0);
  const sums = await database.query(
    "SELECT (sum(revenue) * 100)::int AS cents, sum(cds)::int AS cds FROM cdnow.order_completed",
  );
  assert.deepEqual(sums, [{ cents, cds: purchases.reduce((sum, purchase) => sum + purchase.cds, 0) }]);
  const rows = await database.query<{ customer: string; orders: string[] }>(
    `SELECT user_id AS customer, array_agg(timestamp::date || ' ' || cds || ' ' || (revenue * 100)::int ORDER BY loaded) AS orders
      FROM cdnow.order_completed GROUP BY 1`,
  );
  const found = new Map(rows.map(({ customer, orders }) => [customer, orders]));
  assert.equal(found.size, customers.size);
  for (const [customer, bought] of customers) {
    const orders = bought.map(({ date, cds, cents: paid }) => `${date.slice(0, 10)} ${cds} ${paid}`);
    assert.deepEqual(found.get(customer), orders, `the orders of ${customer}, in order`);
  }
}
