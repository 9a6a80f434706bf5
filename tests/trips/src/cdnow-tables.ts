import assert from "node:assert/strict";
import { byCustomer, needCdnow, type Purchase } from "./purchases.ts";
import type { NeedAnswer } from "./support/need.ts";
import { type Database, needPostgres } from "./support/postgres.ts";

export const needCdnowAndPostgres: NeedAnswer = needPostgres.skip === false ? needCdnow : needPostgres;

/** An event of the shop, as every SDK knows it. */
export interface Call {
  readonly type: "identify" | "track";
  readonly userId: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

/** What the shop sends: identifies each customer at the first purchase, and tracks every order. */
export function callsOf(purchases: readonly Purchase[]): Call[] {
  const seen = new Set<string>();
  return purchases.flatMap(({ customer: userId, date: timestamp, cds, cents }): Call[] => {
    const track: Call = {
      ...{ type: "track", userId, timestamp, event: "Order Completed" },
      properties: { revenue: cents / 100, cds },
    };
    if (seen.has(userId)) return [track];
    seen.add(userId);
    return [{ type: "identify", userId, timestamp, traits: { customer: userId } }, track];
  });
}

/**
 * The table of the orders, with a number that tells in which order the rows were loaded: their
 * times know only the day.
 */
export async function makeCdnowTables(database: Database): Promise<void> {
  await database.query(`CREATE SCHEMA cdnow;
    CREATE TABLE cdnow.order_completed (id text PRIMARY KEY, received_at timestamptz, loaded bigserial)`);
}

/** Whether as many rows are there as there should be, at least. */
export async function hasAllCdnowRows(database: Database, purchases: readonly Purchase[]): Promise<boolean> {
  const count = (table: string) =>
    database.value<number>(`SELECT count(*)::int FROM cdnow.${table}`).catch((error: { code?: string }) => {
      // Not there yet, or its server is not.
      if (error.code === "42P01" || error.code === "ECONNREFUSED" || error.code === "57P03") return 0;
      throw error;
    });
  return (await count("order_completed")) >= purchases.length && (await count("users")) >= byCustomer(purchases).size;
}

/**
 * Compares what SQL says, without removing repeats, with what the file says.
 *
 * @param time the column with the time that the SDK lets a program set
 */
export async function checkCdnowTables(
  database: Database,
  purchases: readonly Purchase[],
  time: "timestamp" | "original_timestamp" = "timestamp",
): Promise<void> {
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
    `SELECT user_id AS customer,
        array_agg((${time} AT TIME ZONE 'UTC')::date || ' ' || cds || ' ' || (revenue * 100)::int ORDER BY loaded) AS orders
      FROM cdnow.order_completed GROUP BY 1`,
  );
  const found = new Map(rows.map(({ customer, orders }) => [customer, orders]));
  assert.equal(found.size, customers.size);
  for (const [customer, bought] of customers) {
    const orders = bought.map(({ date, cds, cents: paid }) => `${date.slice(0, 10)} ${cds} ${paid}`);
    assert.deepEqual(found.get(customer), orders, `the orders of ${customer}, in order`);
  }
}
