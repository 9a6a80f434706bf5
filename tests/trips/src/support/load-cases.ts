import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LoadedDatabase, rowsIn } from "./loaded-database.ts";
import type { NeedAnswer } from "./need.ts";
import { event, type TestWarehouse } from "./test-warehouse.ts";

const day = (number: number): string => `2026-01-${String(number).padStart(2, "0")}T00:00:00.000Z`;

/** What the general load promises, whatever database stands behind the port. */
export function loadCases(name: string, need: NeedAnswer, create: () => Promise<LoadedDatabase>): void {
  const loadCase = (
    what: string,
    check: (database: LoadedDatabase, warehouse: TestWarehouse) => Promise<void>,
    settings?: Record<string, unknown>,
  ): void =>
    void test(`${name}: ${what}`, need, async () => {
      const database = await create();
      await using warehouse = await database.open(settings);
      await check(database, warehouse);
    });

  const discards = async (database: LoadedDatabase): Promise<string[]> =>
    (
      await database.query("SELECT row_id, column_name, column_value, reason FROM shop.rudder_discards ORDER BY 1, 2")
    ).map((row) => Object.values(row).join(" "));

  loadCase("each event has its rows, in the tables and columns of its type", async (database, warehouse) => {
    const outcomes = await warehouse.load([
      event({
        messageId: "t",
        event: "Order Completed",
        properties: { n: 1, part: 1.5, yes: false, at: day(3), list: [1] },
      }),
      event({ messageId: "i", type: "identify", traits: { plan: "pro" } }),
      event({ messageId: "p", type: "page", name: "Home", properties: { url: "/" } }),
      event({ messageId: "g", type: "group", groupId: "acme", traits: { size: 7 } }),
      event({ messageId: "a", type: "alias", previousId: "before" }),
    ]);
    assert.deepEqual(outcomes, new Array(5).fill("delivered"));
    const { n, part, yes, at, list, event_text } = await database.columns("order_completed");
    assert.deepEqual([n, part, yes, at, list, event_text], ["int", "float", "boolean", "datetime", "string", "string"]);
    const of = async (table: string, ...names: string[]): Promise<unknown[]> => {
      const [row, ...others] = await rowsIn(database, table);
      assert.deepEqual(others, []);
      return names.map((one) => row![one]);
    };
    assert.deepEqual(await of("order_completed", "id", "n", "part", "yes", "at", "list"), [
      ...["t", 1, 1.5, false],
      Date.parse(day(3)),
      "[1]",
    ]);
    assert.deepEqual(await of("tracks", "id", "event", "event_text"), ["t", "order_completed", "Order Completed"]);
    assert.deepEqual(await of("identifies", "id", "user_id", "plan"), ["i", "u", "pro"]);
    assert.deepEqual(await of("users", "id", "plan"), ["u", "pro"]);
    assert.deepEqual(await of("pages", "name", "url"), ["Home", "/"]);
    assert.deepEqual(await of("groups", "group_id", "size"), ["acme", 7]);
    assert.deepEqual(await of("aliases", "previous_id"), ["before"]);
    const { uuid_ts } = await database.columns("tracks");
    assert.equal(uuid_ts, "datetime");
  });

  loadCase(
    "the first type makes the column, a fraction widens it, and the rest is discarded",
    async (database, warehouse) => {
      const load = (messageId: string, v: unknown) =>
        warehouse.load([event({ messageId, event: "e", properties: { v } })]);
      for (const [id, v] of Object.entries({ a: 1, b: 2.5, c: "no", d: true, e: 3 }))
        assert.deepEqual(await load(id, v), ["delivered"]);
      assert.equal((await database.columns("e")).v, "float");
      assert.deepEqual(
        (await rowsIn(database, "e")).map(({ id, v }) => [id, v]).sort(),
        [["a", 1], ["b", 2.5], ["c", undefined], ["d", undefined], ["e", 3]], // biome-ignore format: a table
      );
      assert.deepEqual(await discards(database), ["c v no type", "d v true type"]);
    },
  );

  loadCase(
    "with rudderStackTypes a fraction is cut off",
    async (database, warehouse) => {
      await warehouse.load([event({ messageId: "a", event: "e", properties: { v: 1 } })]);
      await warehouse.load([event({ messageId: "b", event: "e", properties: { v: 2.9 } })]);
      assert.equal((await database.columns("e")).v, "int");
      assert.deepEqual((await rowsIn(database, "e")).map(({ v }) => v).sort(), [1, 2]);
    },
    { rudderStackTypes: true },
  );

  loadCase("of an id that comes again the newest row stays, whole", async (database, warehouse) => {
    const load = (...rows: [id: string, at: number, properties: object][]) =>
      warehouse.load(
        rows.map(([messageId, at, properties]) => event({ messageId, event: "e", receivedAt: day(at), properties })),
      );
    await load(["a", 2, { v: 1, w: 1 }], ["b", 2, { v: 1 }]);
    await load(["a", 3, { v: 2 }], ["b", 1, { v: 2 }], ["c", 2, { v: 2 }], ["c", 1, { v: 3 }]);
    await load(["a", 4, { v: "x" }], ["b", 1, { v: "y" }], ["d", 2, { v: 3 }]);
    await load(["e", 1, { v: 4 }]);
    await load(["e", 1, { v: 5 }], ["f", 1, { v: "z" }]);
    const found = (await rowsIn(database, "e")).map(({ id, v, w }) => `${id} ${v} ${w}`).sort();
    const none = undefined;
    const expected = [["a", none], ["b", 1], ["c", 2], ["d", 3], ["e", 5], ["f", none]]; // biome-ignore format: a table
    assert.deepEqual(
      found,
      expected.map(([id, v]) => `${id} ${v} ${none}`),
    );
    assert.deepEqual(
      await discards(database),
      ["a v x type", "f v z type"],
      "told once, and not for what is not loaded",
    );
    assert.equal((await database.query("SELECT id FROM shop.tracks")).length, 6);
  });

  loadCase("a user has the latest value of each column, in whatever order and batches", async (database, warehouse) => {
    const traits = fc.record(
      { name: fc.constantFrom("a", "b"), age: fc.nat(3), city: fc.constantFrom("x", null) },
      { requiredKeys: [] },
    );
    const said = fc.uniqueArray(fc.record({ second: fc.nat(30), traits }), {
      selector: ({ second }) => second,
      minLength: 1,
      maxLength: 8,
    });
    let user = 0;
    await fc.assert(
      fc.asyncProperty(said, fc.nat(7), async (all, cut) => {
        const userId = `u${++user}`;
        const events = all.map(({ second, traits }) =>
          event({
            type: "identify",
            userId,
            traits,
            receivedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
          }),
        );
        for (const batch of [events.slice(0, cut), events.slice(cut)])
          if (batch.length > 0) assert.ok((await warehouse.load(batch)).every((outcome) => outcome === "delivered"));
        const expected: Record<string, unknown> = {};
        for (const { traits } of all.toSorted((one, other) => one.second - other.second))
          for (const [key, value] of Object.entries(traits)) if (value !== null) expected[key] = value;
        const { name, age, city } = (await rowsIn(database, "users")).find(({ id }) => id === userId)!;
        assert.deepEqual({ name, age, city }, { name: undefined, age: undefined, city: undefined, ...expected });
      }),
      { numRuns: 10 },
    );
  });

  loadCase(
    "a row that is refused is singled out: none of its event is loaded, all of the others",
    async (database, warehouse) => {
      assert.deepEqual(await warehouse.load([event({ messageId: "first", event: "other" })]), ["delivered"]);
      await database.query("CREATE TABLE shop.picky (id text PRIMARY KEY, v text CHECK (v <> 'bad'))");
      const values = Array.from({ length: 50 }, (_, n) => (n === 17 || n === 40 ? "bad" : "good"));
      const outcomes = await warehouse.load([
        ...values.map((v, n) => event({ messageId: `m${n}`, event: "picky", properties: { v, n } })),
        event({ messageId: "last", type: "merge" }),
      ]);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.replace(/row_.*/, "row")),
        [...values.map((v) => (v === "bad" ? "dead row" : "delivered")), "dead type"],
      );
      assert.equal(warehouse.buried.length, 3, "before the commit");
      assert.equal((await rowsIn(database, "picky")).length, 48);
      const ids = new Set((await rowsIn(database, "tracks")).map(({ id }) => id));
      assert.deepEqual([ids.size, ids.has("m17"), ids.has("m40")], [49, false, false]);
    },
  );

  loadCase(
    "what is taken over may have repeats of an id: all of them give way to the newest",
    async (database, warehouse) => {
      await warehouse.load([event({ messageId: "first", event: "other" })]);
      await database.query("CREATE TABLE shop.e (id text, uuid_ts text, v text)");
      await database.query("INSERT INTO shop.e (id, v) VALUES ('a', 'old'), ('a', 'older'), ('b', 'old')");
      assert.deepEqual(await warehouse.load([event({ messageId: "a", event: "e", properties: { v: 5 } })]), [
        "delivered",
      ]);
      const found = (await database.query("SELECT id, v FROM shop.e ORDER BY id")).map(({ id, v }) => `${id} ${v}`);
      assert.deepEqual(found, ["a 5", "b old"]);
    },
  );

  loadCase("names that are cut alike get places of their own, and keep them", async (database, warehouse) => {
    const long = "a".repeat(200);
    const load = (into: TestWarehouse, messageId: string, last: string) =>
      into.load([event({ messageId, event: "e", properties: { [long + last]: last } })]);
    await load(warehouse, "1", "x");
    await load(warehouse, "2", "y");
    const places = async (): Promise<string[]> =>
      Object.keys(await database.columns("e"))
        .filter((column) => column.startsWith("aaa"))
        .sort();
    const before = await places();
    assert.equal(before.length, 2);
    await using again = await database.open();
    await load(again, "3", "y");
    await load(again, "4", "x");
    assert.deepEqual(await places(), before);
    const [first, second] = before as [string, string];
    const values = (await rowsIn(database, "e")).map((row) => `${row.id} ${row[first] ?? row[second]}`);
    assert.deepEqual(values.sort(), ["1 x", "2 y", "3 y", "4 x"]);
    assert.equal((await discards(database)).length, 1, "the second name is told once");
  });

  loadCase("rows and position go together: a batch that fails leaves neither", async (database, warehouse) => {
    await warehouse.load([event({ messageId: "a", event: "e" })]);
    await using other = await database.open();
    assert.deepEqual(await other.position(), { low: 1, finished: [] });
    await other.load([event({ messageId: "b", event: "e" })]);
    const [outcome] = await warehouse.load([event({ messageId: "c", event: "e", properties: { more: 1 } })]);
    assert.match(outcome!, /^retry /);
    assert.deepEqual((await rowsIn(database, "e")).map(({ id }) => id).sort(), ["a", "b"]);
    assert.equal((await database.columns("e")).more, undefined);
  });

  loadCase(
    "layout single: one table, with the event as JSON",
    async (database, warehouse) => {
      await warehouse.load([event({ messageId: "a", event: "E", properties: { v: [1, { w: null }] } })]);
      const [row] = await rowsIn(database, "events");
      assert.deepEqual([row!.type, row!.event], ["track", "E"]);
      assert.deepEqual((row!.rudder_event as { properties: unknown }).properties, { v: [1, { w: null }] });
    },
    { layout: "single" },
  );

  loadCase(
    "a schema for each source",
    async (database, warehouse) => {
      const load = (id: string, source: string) =>
        warehouse.load([event({ messageId: id, event: "e" })], { id: source, name: source });
      await load("a", "Shop");
      await load("b", "Other Shop");
      const counts = await database.query(
        "SELECT (SELECT count(*) FROM shop.e) AS one, (SELECT count(*) FROM other_shop.e) AS other",
      );
      assert.deepEqual(Object.values(counts[0]!).map(Number), [1, 1]);
    },
    { namespace: undefined },
  );
}
