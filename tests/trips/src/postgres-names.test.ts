import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";

/* Names that are too long, reserved, or taken: what stands where, also for the next process. */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

const long = "y".repeat(63);
const longEvent = "x".repeat(63);

async function discards(database: Database): Promise<string[]> {
  const rows = await database.query(
    `SELECT table_name, column_name, column_value, reason FROM shop.rudder_discards ORDER BY column_name COLLATE "C", column_value`,
  );
  return rows.map((row) => Object.values(row).join(" "));
}

async function columnsLike(database: Database, table: string, begin: string): Promise<string[]> {
  return Object.keys(await database.columns("shop", table)).filter((name) => name.startsWith(begin));
}

test(
  "names that are equal when they are cut have columns of their own, across events and processes",
  needPostgres,
  async () => {
    const database = await server.database();
    {
      await using warehouse = await TestWarehouse.open(database.url);
      const properties = { [`${long}1`]: 1, [`${long}2`]: 2, fooBar: "a", foo_bar: "b" };
      assert.deepEqual(await warehouse.load([event({ messageId: "a", event: "e", properties })]), ["delivered"]);
    }
    assert.deepEqual(await discards(database), ["e foo_bar b collision", `e ${long}2 2 collision`]);
    {
      await using warehouse = await TestWarehouse.open(database.url);
      const load = (messageId: string, properties: object) =>
        warehouse.load([event({ messageId, event: "e", properties })]);
      await load("b", { [`${long}2`]: 3 });
      await load("c", { [`${long}3`]: 4, [long]: 5, [`${long}1`]: 6 });
    }
    const [first, second, third, fourth] = await columnsLike(database, "e", "yy");
    assert.equal(first, long);
    assert.match(second!, /^y{54}_[0-9a-f]{8}$/);
    assert.deepEqual(
      await database.query(
        `SELECT id, "${first}"::int AS "1", "${second}"::int AS "2", "${third}"::int AS "3", "${fourth}"::int AS "4" FROM shop.e ORDER BY id`,
      ),
      [
        { id: "a", 1: 1, 2: 2, 3: null, 4: null },
        { id: "b", 1: null, 2: 3, 3: null, 4: null },
        { id: "c", 1: 6, 2: null, 3: 4, 4: 5 },
      ],
    );
    assert.equal((await discards(database)).length, 4, "each name is told once");
  },
);

test("events whose names are equal when they are cut have tables of their own", needPostgres, async () => {
  const database = await server.database();
  const names = [1, 2, 1, 2, 3].map((n) => `${longEvent}${n}`);
  for (const [n, name] of names.entries()) {
    await using warehouse = await TestWarehouse.open(database.url);
    assert.deepEqual(await warehouse.load([event({ messageId: `m${n}`, event: name })]), ["delivered"]);
  }
  const tables = await database.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'shop' AND tablename LIKE 'xx%' ORDER BY length(replace(tablename, '_', '')) DESC, tablename`,
  );
  assert.equal(tables[0]!.tablename, longEvent);
  assert.equal(tables.length, 3);
  const there = await Promise.all(
    tables.map(({ tablename }) => database.query(`SELECT id, event, event_text FROM shop."${tablename}" ORDER BY id`)),
  );
  const row = (n: number) => ({ id: `m${n}`, event: names[n], event_text: names[n] });
  assert.deepEqual(new Set(there), new Set([[row(0), row(2)], [row(1), row(3)], [row(4)]]));
  const told = await database.query("SELECT column_name, column_value FROM shop.rudder_discards ORDER BY 2");
  assert.deepEqual(told, [
    { column_name: "event", column_value: names[1] },
    { column_name: "event", column_value: names[4] },
  ]);
});

test(
  "two writers that bring names which are equal when they are cut agree on their columns",
  needPostgres,
  async () => {
    const database = await server.database();
    const writers = await Promise.all([0, 1].map(() => TestWarehouse.open(database.url)));
    try {
      // Without a commit: they would share the row of the progress, which is not what this is
      // about.
      await Promise.all(
        writers.map(async (writer, n) => {
          for (let round = 0; round < 10; round++) {
            const events = [0, 1, 2].map((k) => {
              const name = (k + n + round) % 4;
              return event({
                messageId: `${n}-${round}-${k}`,
                event: `${longEvent}${name}`,
                properties: { [`${long}${name}`]: name, [`${long}${(name + 1) % 4}`]: name + 1 },
              });
            });
            const outcomes = await writer.connection.deliver(events, {
              sources: events.map(() => ({ id: "s", name: "s" })),
            });
            assert.ok(outcomes.every(({ outcome }) => outcome === "delivered"));
          }
        }),
      );
    } finally {
      for (const writer of writers) await writer[Symbol.asyncDispose]();
    }
    const tables = await database.query<{ tablename: string }>(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'shop' AND tablename LIKE 'xx%'",
    );
    assert.equal(tables.length, 4);
    let rows = 0;
    for (const { tablename } of tables) {
      const columns = await columnsLike(database, tablename, "yy");
      assert.equal(columns.length, 2, tablename);
      const [{ events, one, other, count }] = (await database.query(
        `SELECT count(DISTINCT event)::int AS events, count(DISTINCT "${columns[0]}")::int AS one,
        count(DISTINCT "${columns[1]}")::int AS other, count(*)::int AS count FROM shop."${tablename}"`,
      )) as [{ events: number; one: number; other: number; count: number }];
      assert.deepEqual([events, one, other], [1, 1, 1], tablename);
      rows += count;
    }
    assert.equal(rows, 60);
  },
);

test(
  "what people have written about a column stays; who may not write there loads all the same",
  needPostgres,
  async () => {
    const database = await server.database();
    await database.query(`CREATE SCHEMA shop; CREATE TABLE shop.e (id text, received_at timestamptz, "${long}" text);
    COMMENT ON COLUMN shop.e."${long}" IS 'In euros.'`);
    await using warehouse = await TestWarehouse.open(database.url);
    await warehouse.load([event({ messageId: "a", event: "e", properties: { [`${long}1`]: "x" } })]);
    const comment = () =>
      database.value(`SELECT col_description('shop.e'::regclass, attnum) FROM pg_attribute
      WHERE attrelid = 'shop.e'::regclass AND attname = '${long}'`);
    assert.equal(await comment(), `In euros.\npintle name: ${long}1`);
    assert.equal(await database.value(`SELECT "${long}" FROM shop.e`), "x");
  },
);

test("a role that owns no table cannot have a name remembered, and loads", needPostgres, async () => {
  const database = await server.database();
  {
    await using warehouse = await TestWarehouse.open(database.url);
    await warehouse.load([event({ messageId: "a", event: "e", properties: { [long]: "x" } })]);
    await database.query(`COMMENT ON COLUMN shop.e."${long}" IS NULL; CREATE ROLE guest LOGIN;
      GRANT USAGE, CREATE ON SCHEMA shop TO guest; GRANT ALL ON ALL TABLES IN SCHEMA shop TO guest`);
  }
  const url = new URL(database.url);
  url.username = "guest";
  await using warehouse = await TestWarehouse.open(url.href);
  const load = (messageId: string) =>
    warehouse.load([event({ messageId, event: "e", properties: { [`${long}1`]: "y" } })]);
  assert.deepEqual(await load("b"), ["delivered"]);
  assert.equal(await database.value(`SELECT "${long}" FROM shop.e WHERE id = 'b'`), "y");
});

test("event is the name before it is cut or escaped", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const sent: [name: string, table: string, event: string][] = [
    ["groups", "_groups", "groups"],
    ["Select", "_select", "select"],
    ["42nd Street", "_42nd_street", "_42nd_street"],
    [`${longEvent} And More`, longEvent, `${longEvent}_and_more`],
  ];
  await warehouse.load(sent.map(([name], n) => event({ messageId: `m${n}`, event: name })));
  for (const [name, table, expected] of sent) {
    assert.equal(await database.value(`SELECT event FROM shop."${table}"`), expected, name);
    assert.equal(await database.value("SELECT event FROM shop.tracks WHERE event_text = $1", [name]), expected);
  }
});

const bothWays = "between new off old collation concurrently fetch lateral tablesample returning window with".split(
  " ",
);

test("in a schema of RudderStack, words are escaped as there, and what is there is used", needPostgres, async () => {
  const database = await server.database();
  await database.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.tracks (id text, received_at timestamptz, uuid_ts timestamptz);
    CREATE TABLE shop."window" (id text, received_at timestamptz, uuid_ts timestamptz, "with" text, _new text)`);
  const properties = Object.fromEntries(bothWays.map((word) => [word, word]));
  const load = async (warehouse: TestWarehouse, name: string) =>
    assert.deepEqual(await warehouse.load([event({ event: name, properties })]), ["delivered"]);
  const escaped = (list: readonly string[]) => bothWays.map((word) => (list.includes(word) ? `_${word}` : word)).sort();
  const named = async (schema: string, table: string) =>
    Object.keys(await database.columns(schema, table))
      .filter((name) => bothWays.includes(name.replace("_", "")))
      .sort();
  {
    await using warehouse = await TestWarehouse.open(database.url);
    for (const name of ["window", "new", "fetch"]) await load(warehouse, name);
  }
  const rudderStack = escaped(["between", "new", "off", "old"]);
  for (const table of ["window", "_new", "fetch"]) assert.deepEqual(await named("shop", table), rudderStack, table);
  {
    // Its own list again, but for what is there.
    await using warehouse = await TestWarehouse.open(database.url, { rudderStackNames: false });
    for (const name of ["window", "new", "lateral"]) await load(warehouse, name);
  }
  assert.deepEqual(await named("shop", "window"), rudderStack);
  const own = escaped(bothWays.slice(4));
  assert.deepEqual(await named("shop", "_lateral"), own);
  assert.equal(await database.value('SELECT count(*)::int FROM shop."_new"'), 2);
  await using fresh = await TestWarehouse.open(database.url, { namespace: "fresh" });
  await load(fresh, "window");
  assert.deepEqual(await named("fresh", "_window"), own);
  await using asThere = await TestWarehouse.open(database.url, { namespace: "there", rudderStackNames: true });
  await load(asThere, "window");
  assert.deepEqual(await named("there", "window"), rudderStack);
});

test("two names that share a column: the first one has it", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const load = (messageId: string, properties: object) =>
    warehouse.load([event({ messageId, event: "e", properties })]);
  await load("a", { select: "x", _select: "y" });
  await load("b", { _select: "z" });
  await load("c", { select: "same", _select: "same" });
  assert.deepEqual(await database.value("SELECT array_agg(_select ORDER BY id) FROM shop.e"), ["x", "z", "same"]);
  assert.deepEqual(await discards(database), ["e _select y collision"]);
});

test("whatever names come, no two of them share a column, and all values are there", needPostgres, async () => {
  const database = await server.database();
  const name = fc
    .tuple(fc.constantFrom("a", "bC", "d_e"), fc.integer({ min: 58, max: 70 }), fc.constantFrom("", "1", "_2"))
    .map(([begin, length, end]) => begin + "f".repeat(length - begin.length) + end);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const namespace = `run${++runs}`;
        await using warehouse = await TestWarehouse.open(database.url, { namespace });
        const sent = batches.map((names) => Object.fromEntries(names.map((one) => [one, `v ${one}`])));
        for (const [n, properties] of sent.entries())
          assert.deepEqual(await warehouse.load([event({ messageId: `m${n}`, event: "e", properties })]), [
            "delivered",
          ]);
        const rows = await database.query<{ row: Record<string, string> }>(
          `SELECT jsonb_strip_nulls(to_jsonb(t)) AS row FROM ${namespace}.e t ORDER BY length(id), id`,
        );
        const owners = new Map<string, string>();
        rows.forEach(({ row }, n) => {
          const values = Object.entries(row).filter(([, value]) => String(value).startsWith("v "));
          assert.deepEqual(values.map(([, value]) => value).sort(), Object.values(sent[n]!).sort());
          for (const [column, value] of values) {
            assert.equal(owners.get(column) ?? value, value, "one column, one name");
            owners.set(column, value);
          }
        });
        assert.equal(new Set(owners.values()).size, owners.size, "one name, one column");
      },
    ),
    { numRuns: 12 },
  );
});
