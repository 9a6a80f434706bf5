import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import pg from "pg";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";
import { until } from "./support/until.ts";

/* A schema that others change, too: before a load, while it waits, and faster than it. */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

/**
 * Somebody else changes something, and commits when a load is in the middle: when it waits for the
 * change.
 *
 * @param change SQL
 * @returns outcomes of the load
 */
async function meanwhile(database: Database, change: string, load: () => Promise<string[]>): Promise<string[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`BEGIN; ${change}`);
    const loading = load();
    await until("the load to wait for the other's commit", () =>
      database.value<boolean>(
        `SELECT count(*) > 0 FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'pintle' AND wait_event_type = 'Lock'`,
      ),
    );
    await client.query("COMMIT");
    return await loading;
  } finally {
    await client.end();
  }
}

test("somebody else makes, alters and drops the same things in the middle of a load", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const load = (messageId: string, properties: object) => () =>
    warehouse.load([event({ messageId, event: "e", properties })]);
  const columnsOf = (table: string) => database.columns("shop", table);

  const table = "CREATE TABLE shop.e (id text, received_at timestamptz, v integer)";
  assert.deepEqual(await meanwhile(database, table, load("a", { v: "no" })), ["delivered"]);
  assert.equal((await columnsOf("e")).v, "integer", "the first one has the table");

  const column = "ALTER TABLE shop.e ADD COLUMN w integer";
  assert.deepEqual(await meanwhile(database, column, load("b", { w: "no" })), ["delivered"]);
  assert.equal((await columnsOf("e")).w, "integer");

  const type = "ALTER TABLE shop.e ALTER COLUMN v TYPE text";
  assert.deepEqual(await meanwhile(database, type, load("c", { v: "yes" })), ["delivered"]);
  assert.equal(await database.value("SELECT v FROM shop.e WHERE id = 'c'"), "yes");

  const dropColumn = "ALTER TABLE shop.e DROP COLUMN v";
  assert.deepEqual(await meanwhile(database, dropColumn, load("d", { v: 1.5 })), ["delivered"]);
  assert.equal((await columnsOf("e")).v, "numeric", "made anew");

  assert.deepEqual(await meanwhile(database, "DROP TABLE shop.e", load("f", { v: true })), ["delivered"]);
  assert.equal((await columnsOf("e")).v, "boolean", "made anew");
  assert.deepEqual(
    await database.value("SELECT array_agg(id ORDER BY id) FROM shop.tracks"),
    ["a", "b", "c", "d", "f"],
    "what went into other tables is there once, whatever had to be tried again",
  );
  assert.deepEqual(
    (await database.query("SELECT row_id, column_name, reason FROM shop.rudder_discards ORDER BY 1")).map((row) =>
      Object.values(row).join(" "),
    ),
    ["a v type", "b w type"],
  );
});

test("to rewrite a table and to index it may take longer than `timeout`: tables are large", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { timeout: "2s" });
  const load = (messageId: string, v: number) => warehouse.load([event({ messageId, event: "e", properties: { v } })]);
  await load("a", 1);
  await database.query(`ALTER TABLE shop.e DROP CONSTRAINT e_pkey;
    CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2.5); END';
    CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE INDEX') EXECUTE FUNCTION slow()`);
  assert.deepEqual(await load("b", 1.5), ["delivered"]);
  assert.equal((await database.columns("shop", "e")).v, "numeric");
  assert.match(await database.value("SELECT indexdef FROM pg_indexes WHERE tablename = 'e'"), /\(id\)/);
  // The time-out is back for everything else.
  await database.query("DROP EVENT TRIGGER slow; CREATE EVENT TRIGGER slow ON ddl_command_end EXECUTE FUNCTION slow()");
  assert.deepEqual(
    await warehouse.load([
      event({ messageId: "c", event: "e", properties: { v: 1 } }),
      event({ messageId: "d", event: "new" }),
    ]),
    ["retry sql_57014", "retry sql_57014"],
  );
});

test(
  "a column that cannot take an id: the event is a dead letter, not a row without its id",
  needPostgres,
  async () => {
    const database = await server.database();
    const uuid = "11111111-1111-4111-8111-111111111111";
    await database.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.short (id varchar(5), received_at timestamptz);
    CREATE TABLE shop.uuids (id uuid, received_at timestamptz);
    CREATE TABLE shop.numbers (id bigint, received_at timestamptz);
    INSERT INTO shop.short VALUES ('longe', '2020-01-01')`);
    await using warehouse = await TestWarehouse.open(database.url);
    const load = (name: string, ...ids: string[]) =>
      warehouse.load(ids.map((messageId) => event({ messageId, event: name })));
    assert.deepEqual(await load("short", "longer", "fits", "also"), ["dead row_22001", "delivered", "delivered"]);
    assert.deepEqual(await load("uuids", "none", uuid), ["dead row_22p02", "delivered"]);
    assert.deepEqual(await load("numbers", "none", "12"), ["dead row_22p02", "delivered"]);
    // Again: what is there is found, whatever the type.
    assert.deepEqual(await load("short", "fits"), ["delivered"]);
    assert.deepEqual(await load("uuids", uuid.toUpperCase()), ["delivered"]);
    assert.deepEqual(await load("numbers", "12"), ["delivered"]);
    const ids = (table: string) => database.value(`SELECT array_agg(id::text ORDER BY id) FROM shop.${table}`);
    assert.deepEqual(await ids("short"), ["also", "fits", "longe"]);
    assert.deepEqual(await ids("uuids"), [uuid]);
    assert.deepEqual(await ids("numbers"), ["12"]);
  },
);

test("skipTracks, skipUsers, rudderEvent and underscoreDivideNumbers", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, {
    ...{ skipTracks: true, skipUsers: true, rudderEvent: true, underscoreDivideNumbers: true },
  });
  const outcomes = await warehouse.load([
    event({ messageId: "a", event: "Order2", properties: { line1: "x" } }),
    event({ messageId: "b", event: "" }),
    event({ messageId: "c", type: "identify", traits: { name: "Ann" } }),
  ]);
  assert.deepEqual(outcomes, ["delivered", "delivered", "delivered"]);
  const tables = await database.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'shop' AND tablename !~ '[$]' ORDER BY 1",
  );
  assert.deepEqual(
    tables.map(({ tablename }) => tablename),
    ["identifies", "order_2", "tracks"],
  );
  assert.equal(await database.value("SELECT id FROM shop.tracks"), "b", "only what has no table of its own");
  assert.deepEqual(await database.query("SELECT line_1, rudder_event->>'messageId' AS id FROM shop.order_2"), [
    { line_1: "x", id: "a" },
  ]);
});

test("a number that only JSON has is discarded", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const properties = JSON.parse('{"big": 1e400, "n": 1e300, "low": -1e400}');
  assert.deepEqual(await warehouse.load([event({ event: "e", properties })]), ["delivered"]);
  assert.equal((await database.columns("shop", "e")).big, undefined);
  assert.equal(await database.value("SELECT n = 1e300 FROM shop.e"), true);
  assert.deepEqual(
    (await database.query("SELECT column_name, column_value, reason FROM shop.rudder_discards ORDER BY 1")).map((row) =>
      Object.values(row).join(" "),
    ),
    ["big Infinity type", "low -Infinity type"],
  );
});

test("users: whatever the order of arrival and the batches, the same rows come out", needPostgres, async () => {
  const database = await server.database();
  const traits = fc.record(
    { name: fc.constantFrom("a", "b"), age: fc.nat(3), city: fc.constantFrom("x", null) },
    { requiredKeys: [] },
  );
  const said = fc.uniqueArray(fc.record({ user: fc.constantFrom("u", "v"), second: fc.nat(30), traits }), {
    selector: ({ user, second }) => `${user} ${second}`,
    maxLength: 12,
  });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(said, fc.infiniteStream(fc.nat()), async (all, dice) => {
      const namespace = `run${++runs}`;
      await using warehouse = await TestWarehouse.open(database.url, { namespace });
      const roll = (below: number) => (dice.next().value as number) % below;
      const waiting = [...all];
      while (waiting.length > 0) {
        const batch = Array.from(
          { length: 1 + roll(waiting.length) },
          () => waiting.splice(roll(waiting.length), 1)[0]!,
        );
        const outcomes = await warehouse.load(
          batch.map(({ user: userId, second, traits }) =>
            event({
              type: "identify",
              userId,
              traits,
              receivedAt: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
            }),
          ),
        );
        assert.ok(outcomes.every((outcome) => outcome === "delivered"));
      }
      const expected = new Map<string, Record<string, unknown>>();
      for (const { user, second, traits } of all.toSorted((one, other) => one.second - other.second)) {
        const row = expected.get(user) ?? { id: user };
        for (const [key, value] of Object.entries(traits)) if (value !== null) row[key] = value;
        expected.set(user, { ...row, second });
      }
      const there =
        all.length === 0
          ? []
          : await database.query(
              `SELECT jsonb_strip_nulls(jsonb_build_object('id', id, 'second', extract(second FROM received_at)) ||
          (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(to_jsonb(u)) WHERE key IN ('name', 'age', 'city'))) AS row
          FROM ${namespace}.users u`,
            );
      const rows = new Map(there.map(({ row }) => [(row as { id: string }).id, row]));
      assert.deepEqual(rows, expected);
    }),
    { numRuns: 15 },
  );
});

test(
  "a view in the place of a table stops the destination and kills nothing, until it is gone",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url);
    await warehouse.load([event({ messageId: "a", event: "other" })]);
    await database.query("CREATE VIEW shop.e AS SELECT * FROM shop.other");
    const load = () =>
      warehouse.load([event({ messageId: "b", event: "e" }), event({ messageId: "c", event: "other" })]);
    assert.deepEqual(await load(), ["retry sql_42809", "retry sql_42809"]);
    await database.query("DROP VIEW shop.e");
    assert.deepEqual(await load(), ["delivered", "delivered"]);
    assert.deepEqual(warehouse.buried, []);
  },
);

test("rows that come again: every way to load them leaves the same", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const day = (number: number) => `2026-01-0${number}T00:00:00.000Z`;
  const load = (...rows: [id: string, day: number, v: unknown][]) =>
    warehouse.load(
      rows.map(([messageId, at, v]) => event({ messageId, event: "e", receivedAt: day(at), properties: { v } })),
    );
  const rows = () => database.value("SELECT array_agg(id || ' ' || coalesce(v::text, '-') ORDER BY id) FROM shop.e");
  await load(["a", 2, 1], ["b", 2, 1]);
  // A repeat among new rows: seen by the index, then looked for; newer over older, not the other
  // way round.
  await load(["a", 3, 2], ["b", 1, 2], ["c", 2, 2]);
  assert.deepEqual(await rows(), ["a 2", "b 1", "c 2"]);
  // Looked for at once, since there were repeats; what does not fit is told once, and not for what
  // is not loaded.
  await load(["a", 4, "x"], ["b", 1, "y"], ["d", 2, 3]);
  assert.deepEqual(await rows(), ["a -", "b 1", "c 2", "d 3"]);
  // No repeats any more: back to the quick way, and from there again.
  await load(["e", 1, 4]);
  await load(["f", 1, "z"], ["e", 1, "w"]);
  assert.deepEqual(await rows(), ["a -", "b 1", "c 2", "d 3", "e -", "f -"]);
  const told = await database.query("SELECT row_id, column_value FROM shop.rudder_discards ORDER BY row_id");
  assert.deepEqual(
    told.map((row) => Object.values(row).join(" ")),
    ["a x", "e w", "f z"],
  );
  assert.equal(await database.value("SELECT count(*)::int FROM shop.tracks"), 6);
});
