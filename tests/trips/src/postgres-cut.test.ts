import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { PostgresProxy, type Verdict } from "./support/postgres-proxy.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";

/*
 * A load that has to do everything that a load can have to do, ended between any two of its
 * statements: to the server it is the same whether the process dies or the network does.
 * (postgres-once.test.ts kills real processes.)
 */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

const day = (number: number): string => `2026-01-0${number}T00:00:00.000Z`;

/**
 * What is there before: a table with a column of whole numbers and a trigger that refuses some
 * rows, one without an index, users.
 */
async function prepare(database: Database, url: string, namespace: string): Promise<void> {
  await using warehouse = await TestWarehouse.open(url, { namespace });
  const outcomes = await warehouse.load([
    event({ messageId: "known", event: "known", receivedAt: day(1), properties: { n: 1 } }),
    event({ messageId: "taken over", event: "taken over", receivedAt: day(1) }),
    event({ messageId: "ann 1", type: "identify", userId: "ann", receivedAt: day(3), traits: { name: "Ann" } }),
  ]);
  assert.deepEqual(outcomes, ["delivered", "delivered", "delivered"]);
  await database.query(`ALTER TABLE ${namespace}.taken_over DROP CONSTRAINT taken_over_pkey;
    INSERT INTO ${namespace}.taken_over (id) VALUES ('taken over');
    CREATE FUNCTION ${namespace}.no() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN IF NEW.n = 13 THEN RAISE EXCEPTION ''not thirteen''; END IF; RETURN NEW; END';
    CREATE TRIGGER no BEFORE INSERT ON ${namespace}.known FOR EACH ROW EXECUTE FUNCTION ${namespace}.no()`);
}

const batch = () => [
  event({ messageId: "new", event: "new", properties: { x: true } }),
  event({ messageId: "wider", event: "known", properties: { n: 2.5, added: "column", fooBar: 1, foo_bar: 2 } }),
  event({ messageId: "refused", event: "known", properties: { n: 13 } }),
  event({ messageId: "known", event: "known", receivedAt: day(2), properties: { n: "many" } }),
  event({ messageId: "taken over", event: "taken over" }),
  event({ messageId: "ann 2", type: "identify", userId: "ann", receivedAt: day(2), traits: { name: "late", age: 5 } }),
  event({ messageId: "bob", type: "identify", userId: "bob", traits: { name: "Bob" } }),
  event({ messageId: "page", type: "page", name: "Home" }),
  event({ type: "merge" }),
];
const outcomes = batch().map((_, index) => (index === 2 ? "dead row_p0001" : index === 8 ? "dead type" : "delivered"));

/**
 * Every row of a schema behind the name of its table, but for what the clock says and who wrote it.
 */
async function contents(database: Database, schema: string): Promise<string[]> {
  const select = await database.value<string>(
    `SELECT string_agg(format('SELECT %L || (jsonb_strip_nulls(to_jsonb(t)) - ''{uuid_ts,moved_at,writer,revision}''::text[])::text
        AS row FROM %I.%I t', tablename || ' ', schemaname, tablename), ' UNION ALL ')
      FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  return (await database.query<{ row: string }>(select)).map(({ row }) => row).sort();
}

test(
  "a load that is cut between any two statements is there as a whole, with its position, or not at all",
  needPostgres,
  async () => {
    const database = await server.database();
    await using proxy = await PostgresProxy.listen(server.port);
    const url = server.urlOf(new URL(database.url).pathname.slice(1), proxy.port);

    await prepare(database, url, "whole");
    {
      await using warehouse = await TestWarehouse.open(url, { namespace: "whole" });
      assert.deepEqual(await warehouse.load(batch()), outcomes);
    }
    const everything = await contents(database, "whole");
    const tables = everything.map((row) => row.replace(/ .*/s, ""));
    assert.deepEqual(tables, [
      ...[
        "identifies",
        "identifies",
        "identifies",
        "known",
        "known",
        "new",
        "pages",
        "pintle$progress",
        "pintle$users",
      ],
      ...["rudder_discards", "rudder_discards", "taken_over"],
      ...["tracks", "tracks", "tracks", "tracks", "users", "users"],
    ]);

    await prepare(database, url, "cut");
    const before = await contents(database, "cut");
    /**
     * Loads the batch, and ends it at its `point`th statement. Returns that; nothing when there are
     * not that many.
     */
    const cutAt = async (point: number, verdict: Verdict): Promise<string> => {
      await using warehouse = await TestWarehouse.open(url, { namespace: "cut" });
      assert.equal((await warehouse.position()).low, 1);
      let seen = 0;
      let cut = "";
      proxy.decide = ({ text }) => {
        if (++seen < point) return "pass";
        // Who is dead sends nothing more.
        if (seen > point) return "cut";
        cut = text;
        return verdict;
      };
      const said = await warehouse.load(batch());
      proxy.decide = () => "pass";
      assert.ok(
        said.every((outcome) => outcome.startsWith("retry connection")),
        `${cut}: ${said.join(", ")}`,
      );
      if (cut === "COMMIT") assert.equal(warehouse.buried.length, 2, "dead letters are written before the commit");
      return cut;
    };

    const kinds = new Set<string>();
    let point = 0;
    for (let cut = ""; cut !== "COMMIT"; ) {
      cut = await cutAt(++point, "cut");
      kinds.add(cut.replace(/\W.*/s, ""));
      assert.deepEqual(await contents(database, "cut"), before, `cut at statement ${point}: ${cut}`);
    }
    for (const kind of "BEGIN UPDATE LOCK CREATE ALTER SAVEPOINT DELETE COPY end ROLLBACK COMMIT".split(" "))
      assert.ok(kinds.has(kind), `nothing was cut at ${kind}, only at ${[...kinds].join(", ")}`);

    assert.equal(await cutAt(point, "cut answer"), "COMMIT");
    assert.deepEqual(await contents(database, "cut"), everything);
    await using again = await TestWarehouse.open(url, { namespace: "cut" });
    assert.equal((await again.position()).low, 2);
  },
);
