import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { loadCases } from "./support/load-cases.ts";
import { type LoadedDatabase, loadedPostgres, loadedSqlite, rowsIn } from "./support/loaded-database.ts";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { event } from "./support/test-warehouse.ts";

/*
 * The general load of a warehouse, with two databases behind its port: what it promises does not
 * depend on which one it is.
 */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

loadCases("PostgreSQL", needPostgres, () => loadedPostgres(server));
loadCases("SQLite", { skip: false }, loadedSqlite);

test("the same batches become the same tables in both", needPostgres, async () => {
  const value = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.boolean(),
    fc.constantFrom("", "text", "2026-02-03", "2026-02-03T04:05:06Z", "zażółć\t\n\\"),
    fc.constant(null),
    fc.array(fc.nat(3), { maxLength: 2 }),
    fc.record({ deep: fc.nat(3) }),
  );
  const fields = fc.dictionary(fc.constantFrom("a", "b", "B c", "店", "id"), value);
  const said = fc.record({
    messageId: fc.constantFrom("1", "2", "3", "4", "5", "6"),
    second: fc.nat(20),
    kind: fc.oneof(
      fc.record({ type: fc.constant("track"), event: fc.constantFrom("E", "users", ""), properties: fields }),
      fc.record({ type: fc.constant("identify"), userId: fc.constantFrom("u", "v"), traits: fields }),
      fc.record({ type: fc.constant("page"), name: fc.constantFrom("Home", ""), properties: fields }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(said, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const found: unknown[] = [];
        for (const database of [await loadedPostgres(server), await loadedSqlite()]) {
          await using warehouse = await database.open();
          const outcomes: string[] = [];
          for (const batch of batches) {
            const events = batch.map(({ messageId, second, kind }) =>
              event({ messageId, receivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(), ...kind }),
            );
            outcomes.push(...(await warehouse.load(events)));
          }
          found.push([outcomes, await everythingIn(database)]);
        }
        assert.deepEqual(found[1], found[0]);
      },
    ),
    { numRuns: 12 },
  );
});

/** Columns, with their types, and rows of all tables; but not which database it is. */
async function everythingIn(database: LoadedDatabase): Promise<unknown> {
  const tables = ["tracks", "e", "_users", "identifies", "users", "pages", "rudder_discards"];
  const entries = tables.map(async (table) => {
    const columns = Object.entries(await database.columns(table)).sort();
    const rows = columns.length === 0 ? [] : await rowsIn(database, table);
    return [table, columns, rows.map(({ context_destination_type, ...row }) => row)];
  });
  return await Promise.all(entries);
}
