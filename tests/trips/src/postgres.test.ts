import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

const all = (count: number, outcome = "delivered") => new Array<string>(count).fill(outcome);
const ids = async (database: Database, table: string) =>
  (await database.query<{ id: string }>(`SELECT id FROM shop.${table} ORDER BY id COLLATE "C"`)).map(({ id }) => id);

test("events become tables", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { jsonPaths: ["track.properties.cart"] });
  const outcomes = await warehouse.load([
    event({
      messageId: "t",
      event: "Order Completed",
      properties: {
        revenue: 29.33,
        cds: 2,
        gift: true,
        paid: "2026-11-23",
        note: "a\tb\\c\nd",
        cart: { n: [1] },
        list: [1],
      },
    }),
    event({ messageId: "i", type: "identify", traits: { name: "Ann", age: 30 } }),
    event({ messageId: "p", type: "page", name: "Home", properties: { url: "/" } }),
    event({ messageId: "s", type: "screen", name: "Start" }),
    event({ messageId: "g", type: "group", groupId: "g-1", traits: { plan: "pro" } }),
    event({ messageId: "a", type: "alias", previousId: "old" }),
  ]);
  assert.deepEqual(outcomes, all(6));
  const tables = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'shop' ORDER BY 1");
  const names = [
    "aliases",
    "groups",
    "identifies",
    "order_completed",
    "pages",
    "pintle$progress",
    "pintle$users",
    "screens",
    "tracks",
    "users",
  ];
  assert.deepEqual(
    tables.map(({ tablename }) => tablename),
    names,
  );
  const { uuid_ts, ...order } = (await database.query("SELECT * FROM shop.order_completed"))[0]!;
  assert.ok(uuid_ts instanceof Date);
  const at = new Date("2026-11-23T09:00:00Z");
  assert.deepEqual(order, {
    ...{ id: "t", user_id: "u", sent_at: at, timestamp: at, received_at: at, original_timestamp: at },
    ...{ context_ip: "192.0.2.1", context_request_ip: "192.0.2.1" },
    ...{ context_source_id: "shop", context_source_type: "HTTP" },
    ...{ context_destination_id: "warehouse", context_destination_type: "POSTGRES" },
    ...{ event: "order_completed", event_text: "Order Completed", revenue: "29.33", cds: "2", gift: true },
    ...{ paid: new Date("2026-11-23T00:00:00Z"), note: "a\tb\\c\nd", cart: { n: [1] }, list: "[1]" },
  });
  const types = await database.columns("shop", "order_completed");
  const { revenue, cds, gift, paid, note, cart, list } = types;
  assert.deepEqual(
    [revenue, cds, gift, paid, note, cart, list],
    ["numeric", "bigint", "boolean", "timestamp with time zone", "text", "jsonb", "text"],
  );
});

test("the same id again: the newest row stays, in whatever order they come", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const row = (receivedAt: string, n: number) => event({ messageId: "m", event: "e", receivedAt, properties: { n } });
  const [old, middle, latest] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"];
  const n = () => database.value("SELECT array_agg(n::int) FROM shop.e");
  await warehouse.load([row(middle, 1)]);
  await warehouse.load([row(old, 2)]);
  assert.deepEqual(await n(), [1]);
  await warehouse.load([row(middle, 3)]);
  assert.deepEqual(await n(), [3]);
  await warehouse.load([row(latest, 4), row(old, 5)]);
  assert.deepEqual(await n(), [4]);
  assert.deepEqual(await ids(database, "tracks"), ["m"]);
});

test("users have the latest value of each column, whatever the order of arrival", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const identify = (day: number, traits: object, userId = "u") =>
    event({ type: "identify", userId, traits, receivedAt: `2026-01-0${day}T00:00:00.000Z` });
  await warehouse.load([
    identify(1, { name: "x", age: 5 }),
    identify(3, { name: "y" }),
    identify(1, { name: "z" }, "v"),
  ]);
  await warehouse.load([identify(2, { name: "late", age: 6, city: "Bern" })]);
  await warehouse.load([identify(1, { city: "older", age: 4 })]);
  const users = await database.query("SELECT id, name, age::int, city, received_at FROM shop.users ORDER BY id");
  assert.deepEqual(users, [
    { id: "u", name: "y", age: 6, city: "Bern", received_at: new Date("2026-01-03") },
    { id: "v", name: "z", age: null, city: null, received_at: new Date("2026-01-01") },
  ]);
  assert.equal((await ids(database, "identifies")).length, 5);
});

test(
  "one row that the server refuses among 10,000 is singled out; its event has no row anywhere",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url);
    await warehouse.load([event({ event: "e", properties: { n: -1 } })]);
    await database.query("ALTER TABLE shop.e ADD CONSTRAINT no_7777 CHECK (n <> 7777)");
    const events = Array.from({ length: 10_000 }, (_, n) =>
      event({ messageId: `b${n}`, event: "e", properties: { n } }),
    );
    const outcomes = await warehouse.load(events);
    assert.equal(outcomes[7777], "dead row_23514");
    assert.equal(outcomes.filter((outcome) => outcome === "delivered").length, 9999);
    assert.deepEqual(
      warehouse.buried.map(({ detail }) => detail),
      ['new row for relation "e" violates check constraint "no_7777" (table e, constraint no_7777)'],
    );
    for (const table of ["tracks", "e"]) {
      assert.equal(await database.value(`SELECT count(*)::int FROM shop.${table}`), 10_000);
      assert.equal(await database.value(`SELECT count(*)::int FROM shop.${table} WHERE id = 'b7777'`), 0);
    }
  },
);

test(
  "what the server's own limits refuse becomes dead letters: an id that no index takes, an event that is too wide",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url, { maxColumns: 30 });
    // Random bytes, so that the server cannot make it small enough.
    const long = randomBytes(6000).toString("base64");
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`p${n}`, n]));
    const outcomes = await warehouse.load([
      event({ messageId: "good", event: "e" }),
      event({ messageId: long, event: "e" }),
      event({ messageId: "wide", event: "e", properties: wide }),
      event({ type: "merge" }),
    ]);
    assert.deepEqual(outcomes, ["delivered", "dead row_54000", "dead columns", "dead type"]);
    assert.deepEqual(await ids(database, "e"), ["good"]);
    assert.equal(warehouse.buried.length, 3);
  },
);

test(
  "types that change back and forth: nothing is truncated, what does not fit is discarded",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url);
    const values = [1, "two", 3.5, 4, true, "2026-11-23", [5], 6.25];
    for (const [n, v] of values.entries()) {
      assert.deepEqual(
        await warehouse.load([event({ messageId: `m${n}`, event: "e", properties: { v, s: n === 0 ? "s" : v } })]),
        ["delivered"],
      );
    }
    const rows = await database.query("SELECT v::text, s FROM shop.e ORDER BY id");
    assert.deepEqual(
      rows.map(({ v }) => v),
      ["1", null, "3.5", "4", null, null, null, "6.25"],
    );
    assert.deepEqual(
      rows.map(({ s }) => s),
      ["s", "two", "3.5", "4", "true", "2026-11-23", "[5]", "6.25"],
    );
    const discards = await database.query(
      "SELECT table_name, row_id, column_name, column_value, reason FROM shop.rudder_discards ORDER BY row_id",
    );
    assert.deepEqual(
      discards.map((row) => Object.values(row).join(" ")),
      ["e m1 v two type", "e m4 v true type", "e m5 v 2026-11-23 type", "e m6 v [5] type"],
    );
    await using cutting = await TestWarehouse.open(database.url, { rudderStackTypes: true, namespace: "cut" });
    await cutting.load([event({ messageId: "a", event: "e", properties: { v: 1 } })]);
    await cutting.load([event({ messageId: "b", event: "e", properties: { v: 7.9 } })]);
    assert.deepEqual(await database.value("SELECT array_agg(v::text ORDER BY id) FROM cut.e"), ["1", "7"]);
  },
);

test("a column that a view depends on is not widened; its fractions are discarded", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  await warehouse.load([event({ messageId: "a", event: "e", properties: { v: 1 } })]);
  await database.query("CREATE VIEW shop.report AS SELECT v FROM shop.e");
  assert.deepEqual(await warehouse.load([event({ messageId: "b", event: "e", properties: { v: 1.5 } })]), [
    "delivered",
  ]);
  assert.equal(await database.value("SELECT v FROM shop.e WHERE id = 'b'"), null);
  assert.equal(await database.value("SELECT column_value FROM shop.rudder_discards"), "1.5");
});

test("tables and columns that others alter or drop are taken as they are now", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const load = (messageId: string, v: unknown) => warehouse.load([event({ messageId, event: "e", properties: { v } })]);
  await load("a", "text");
  await database.query("ALTER TABLE shop.e DROP COLUMN v");
  assert.deepEqual(await load("b", "again"), ["delivered"]);
  assert.equal(await database.value("SELECT v FROM shop.e WHERE id = 'b'"), "again");
  await database.query("UPDATE shop.e SET v = NULL; ALTER TABLE shop.e ALTER COLUMN v TYPE integer USING v::integer");
  assert.deepEqual(
    await warehouse.load([
      event({ messageId: "c", event: "e", properties: { v: "no" } }),
      event({ messageId: "d", event: "e", properties: { v: 3_000_000_000 } }),
      event({ messageId: "f", event: "e", properties: { v: 7 } }),
    ]),
    all(3),
  );
  assert.deepEqual(await database.value("SELECT array_agg(v ORDER BY id) FROM shop.e WHERE id > 'b'"), [null, null, 7]);
  await database.query("ALTER TABLE shop.e DROP COLUMN v; ALTER TABLE shop.e ADD COLUMN v varchar(3)");
  assert.deepEqual(await load("g", "long"), ["delivered"]);
  await database.query(
    "ALTER TABLE shop.e DROP COLUMN v; ALTER TABLE shop.e ADD COLUMN v int GENERATED ALWAYS AS (1) STORED",
  );
  assert.deepEqual(await load("h", 5), ["delivered"]);
  const reasons = await database.query("SELECT row_id, reason FROM shop.rudder_discards ORDER BY row_id");
  assert.deepEqual(
    reasons.map((row) => Object.values(row).join(" ")),
    ["c type", "d type", "g type", "h generated"],
  );
  await database.query("DROP TABLE shop.e");
  assert.deepEqual(await load("i", 1), ["delivered"]);
  assert.deepEqual(await ids(database, "e"), ["i"]);
  await database.query("DROP SCHEMA shop CASCADE");
  assert.deepEqual(
    await load("j", 1),
    ["retry sql_42p01"],
    "the progress is gone with it: the position is asked for anew",
  );
  await warehouse.position();
  assert.deepEqual(await load("j", 1), ["delivered"]);
});

test("a table with 1,600 columns is full: what has no place is discarded", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { maxColumns: 1600 });
  const properties = (from: number, to: number) =>
    Object.fromEntries(Array.from({ length: to - from }, (_, n) => [`p${from + n}`, true]));
  for (let from = 0; from < 1500; from += 500)
    assert.deepEqual(
      await warehouse.load([event({ event: "wide", properties: properties(from, from + 500) })]),
      all(1),
    );
  assert.deepEqual(
    await warehouse.load([event({ messageId: "last", event: "wide", properties: properties(1490, 1700) })]),
    all(1),
  );
  const columns = Object.keys(await database.columns("shop", "wide"));
  assert.equal(columns.length, 1600);
  const discards = await database.query("SELECT column_name, reason FROM shop.rudder_discards");
  assert.equal(discards.length, 1700 - (1600 - columns.filter((name) => !/^p\d/.test(name)).length));
  assert.ok(discards.every(({ reason }) => reason === "columns"));
  assert.equal(await database.value("SELECT p1490 FROM shop.wide WHERE id = 'last'"), true);
});

test(
  "names: every word that the server reserves can be sent, as an event, a property and a namespace",
  needPostgres,
  async () => {
    const database = await server.database();
    const words = await database.value<string[]>(
      `SELECT array_agg(word) FROM (SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')
      UNION SELECT attname::text FROM pg_attribute WHERE attnum < 0) AS words`,
    );
    assert.ok(words.length > 80);
    await using warehouse = await TestWarehouse.open(database.url, { namespace: "select" });
    const properties = Object.fromEntries(words.map((word) => [word, word]));
    assert.deepEqual(
      await warehouse.load([
        event({ event: "all of them", properties }),
        ...words.map((word) => event({ event: word })),
      ]),
      all(1 + words.length),
    );
    const columns = await database.columns("_select", "all_of_them");
    for (const word of words) assert.ok(`_${word}` in columns, word);
    for (const word of words.filter((one) => !/^(c|x)m(in|ax)$|^ctid$|^tableoid$/.test(one))) {
      // Whoever writes SQL by hand needs no quotation marks.
      assert.equal(await database.value(`SELECT count(*)::int FROM _select._${word}`), 1, word);
      await database.query(`SELECT _${word} FROM _select.all_of_them`);
    }
  },
);

test("texts of every kind come out as they went in", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { jsonPaths: ["track.properties.json"] });
  const texts = [
    "\\N",
    "\\.",
    "a\\nb",
    "\t",
    "\r\n",
    "'; DROP TABLE x; --",
    '"',
    "😀",
    "\u2028",
    "é",
    "NULL",
    " ",
    "\u0001",
    "\\",
  ];
  await warehouse.load(
    texts.map((text, n) =>
      event({
        messageId: `m${String(n).padStart(2, "0")}`,
        event: "e",
        userId: text,
        properties: { text, json: { text } },
      }),
    ),
  );
  const rows = await database.query("SELECT text, user_id, json FROM shop.e ORDER BY id");
  assert.deepEqual(
    rows,
    texts.map((text) => ({ text, user_id: text, json: { text } })),
  );
  const odd = await warehouse.load([
    event({ messageId: "odd", event: "e", properties: { text: "a\0b\ud800", json: { text: "\0\ud800" } } }),
  ]);
  assert.deepEqual(odd, ["delivered"]);
  assert.deepEqual(await database.query("SELECT text, json FROM shop.e WHERE id = 'odd'"), [
    { text: "ab\ufffd", json: { text: "\ufffd" } },
  ]);
});

test("layout single: one table, with the event as JSON", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { layout: "single" });
  await warehouse.load([
    event({ messageId: "a", event: "Order", properties: { x: [1] } }),
    event({ messageId: "b", type: "page", name: "Home" }),
  ]);
  const rows = await database.query(
    "SELECT id, type, event, rudder_event->'properties'->'x'->>0 AS x FROM shop.events ORDER BY id",
  );
  assert.deepEqual(rows, [
    { id: "a", type: "track", event: "Order", x: "1" },
    { id: "b", type: "page", event: "Home", x: null },
  ]);
});

test("without a namespace each source has its schema", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, { namespace: undefined });
  await warehouse.load([event({ messageId: "a", event: "e" })], { id: "s1", name: "My Shop 2" });
  await warehouse.load([event({ messageId: "b", event: "e" })], { id: "s2", name: "店" });
  assert.equal(await database.value("SELECT id FROM my_shop_2.e"), "a");
  assert.equal(await database.value("SELECT id FROM s2.e"), "b");
  assert.equal(await database.value('SELECT low::int FROM pintle."pintle$progress"'), 2);
});

test(
  "a schema that RudderStack made is taken over: no index, repeats, columns that are missing",
  needPostgres,
  async () => {
    const database = await server.database();
    await database.query(`CREATE SCHEMA shop;
    CREATE TABLE shop.tracks (id text, user_id text, anonymous_id text, event text, event_text text, received_at timestamp with time zone, uuid_ts timestamp with time zone);
    CREATE TABLE shop.order_completed (id text, user_id text, received_at timestamp with time zone, revenue bigint, context_library_name text);
    CREATE TABLE shop.users (id text, name text, age bigint, received_at timestamp with time zone);
    CREATE TABLE shop.rudder_discards (column_name text, column_value text, received_at timestamp with time zone, row_id text, table_name text, uuid_ts timestamp with time zone);
    INSERT INTO shop.order_completed VALUES ('m', 'old', '2026-01-01', 1), ('m', 'older', '2025-01-01', 1), ('k', 'kept', '2026-01-01', 1);
    INSERT INTO shop.users VALUES ('u', 'newer name', NULL, '2026-06-01'), ('u', 'old name', 5, '2026-01-01'), ('w', 'w', 1, '2026-01-01')`);
    await using warehouse = await TestWarehouse.open(database.url);
    const outcomes = await warehouse.load([
      event({
        messageId: "m",
        event: "Order Completed",
        userId: "new",
        properties: { revenue: 2.5, coupon: "x", context: 1 },
      }),
      event({ type: "identify", traits: { city: "Bern", age: "many" } }),
    ]);
    assert.deepEqual(outcomes, all(2));
    const orders = await database.query(
      "SELECT id, user_id, revenue::text, coupon FROM shop.order_completed ORDER BY id",
    );
    assert.deepEqual(orders, [
      { id: "k", user_id: "kept", revenue: "1", coupon: null },
      { id: "m", user_id: "new", revenue: "2.5", coupon: "x" },
    ]);
    const users = await database.query("SELECT id, name, age::int, city FROM shop.users ORDER BY id");
    assert.deepEqual(users, [
      { id: "u", name: "newer name", age: 5, city: "Bern" },
      { id: "w", name: "w", age: 1, city: null },
    ]);
    const discards = await database.query(
      "SELECT table_name, column_name, column_value, reason FROM shop.rudder_discards",
    );
    assert.deepEqual(
      discards.map((row) => Object.values(row).join(" ")),
      ["users age many type"],
    );
    const indexes = await database.query(
      "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'shop' AND tablename IN ('tracks', 'order_completed', 'users') ORDER BY 1",
    );
    assert.deepEqual(
      indexes.map(({ tablename, indexdef }) => [tablename, /UNIQUE/.test(indexdef as string)]),
      [
        ["order_completed", false],
        ["tracks", false],
        ["users", false],
      ],
    );
  },
);

test("two writers change the same schema at once, and each load is whole", needPostgres, async () => {
  const database = await server.database();
  const writers = await Promise.all(
    [1, 2, 3].map((n) => TestWarehouse.open(database.url, { namespace: "two" }).then((one) => ({ one, n }))),
  );
  try {
    // Without a commit: they would share the row of the progress, which is not what this is about.
    const load = async ({ one, n }: (typeof writers)[number]) => {
      for (let round = 0; round < 20; round++) {
        const events = Array.from({ length: 5 }, (_, k) =>
          event({
            messageId: `w${n}-${round}-${k}`,
            event: `event ${round}`,
            properties: { [`c${(round * 7 + k) % 30}`]: round % 3 === 0 ? 1.5 : 1, [`own${n}`]: "x" },
          }),
        );
        const outcomes = await one.connection.deliver(events, { sources: events.map(() => ({ id: "s", name: "s" })) });
        assert.deepEqual(
          outcomes.map((each) => (each.outcome === "delivered" ? "delivered" : each.reason)),
          all(5),
        );
      }
    };
    await Promise.all(writers.map(load));
  } finally {
    for (const { one } of writers) await one[Symbol.asyncDispose]();
  }
  assert.equal(await database.value("SELECT count(*)::int FROM two.tracks"), 3 * 20 * 5);
  for (let round = 0; round < 20; round++) {
    const columns = await database.value(
      `SELECT ARRAY[count(own1), count(own2), count(own3)]::int[] FROM two.event_${round}`,
    );
    assert.deepEqual(columns, [5, 5, 5]);
  }
});

test("a second writer of the same destination fences the first", needPostgres, async () => {
  const database = await server.database();
  await using first = await TestWarehouse.open(database.url);
  await first.load([event({ messageId: "a", event: "e" })]);
  await using second = await TestWarehouse.open(database.url);
  assert.deepEqual(await second.position(), { low: 1, finished: [] });
  assert.deepEqual(await first.load([event({ messageId: "b", event: "e" })]), ["retry fenced"]);
  await assert.rejects(first.position(), /moved by another process/);
  assert.deepEqual(await second.load([event({ messageId: "c", event: "e" })]), ["delivered"]);
  assert.deepEqual(await ids(database, "e"), ["a", "c"]);
});

test(
  "what is finished above the low-water mark is kept with it; another log is another matter",
  needPostgres,
  async () => {
    const database = await server.database();
    await using warehouse = await TestWarehouse.open(database.url);
    const finished: [number, number][] = [
      [3, 0],
      [3, 1],
      [3, 2],
      [7, 5],
    ];
    const commit = {
      positions: [{ place: warehouse.place, from: { low: 0, finished: [] }, position: { low: 2, finished } }],
      writeLetters: async () => {},
    };
    await warehouse.connection.deliver([event({ event: "e" })], { sources: [], commit });
    assert.deepEqual(await warehouse.position(), { low: 2, finished });
    await using again = await TestWarehouse.open(database.url);
    assert.deepEqual(await again.position(), { low: 2, finished });
    await using other = await TestWarehouse.open(database.url, {}, "another log");
    assert.deepEqual(await other.position(), { low: 0, finished: [] });
  },
);
