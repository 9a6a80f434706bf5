import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parseJson, readTime } from "@pintle/events";
import fc from "fast-check";
import { needPostgres, Postgres } from "./support/postgres.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";

/* Numbers and times at their edges: what is read exactly is stored exactly. */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

const largest = "9223372036854775807";
const beyond = "9223372036854775808";

test("whole numbers have all their digits: as bigint, as numeric, in lists and JSON", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url, {
    jsonPaths: ["track.properties.json"],
    rudderEvent: true,
  });
  const load = (messageId: string, v: string) =>
    warehouse.load([
      event({
        messageId,
        event: "e",
        ...(parseJson(`{"channel":${v},"properties":{"v":${v},"s":${v},"list":[${v}],"json":{"n":${v}}}}`) as object),
      }),
    ]);
  const sent = ["9007199254740993", largest, `-${beyond}`, beyond, "-123456789012345678901234567890", "1"];
  const types = [];
  for (const [n, v] of sent.entries()) {
    assert.deepEqual(await load(`m${n}`, v), ["delivered"]);
    types.push((await database.columns("shop", "e")).v);
  }
  assert.deepEqual(types, ["bigint", "bigint", "bigint", "numeric", "numeric", "numeric"]);
  const rows = await database.query(
    `SELECT v::text, s::text, channel, list, json->>'n' AS json, rudder_event#>>'{properties,v}' AS event
      FROM shop.e ORDER BY id`,
  );
  assert.deepEqual(
    rows,
    sent.map((v) => ({ v, s: v, channel: v, list: `[${v}]`, json: v, event: v })),
  );
});

test("a number that a column cannot hold is discarded, and no event dies for it", needPostgres, async () => {
  const database = await server.database();
  await database.query(`CREATE SCHEMA shop; CREATE TABLE shop.e (id text PRIMARY KEY, received_at timestamptz, i integer,
    n numeric(20), real real, double double precision, d timestamptz)`);
  await using warehouse = await TestWarehouse.open(database.url, { rudderStackTypes: true });
  const load = (messageId: string, properties: object) =>
    warehouse.load([event({ messageId, event: "e", properties })]);
  const most = 10n ** 20n - 1n;
  const fine = { i: 5, n: most, real: 1.5e-45, double: 10n ** 300n, v: 1, d: "2026-11-23" };
  assert.deepEqual(await load("fine", fine), ["delivered"]);
  assert.equal(await database.value("SELECT n::text FROM shop.e"), String(most));
  const bad = { i: 10n ** 18n, n: most + 1n, real: 1e-50, double: 10n ** 400n, v: 2n ** 64n, d: 10n ** 17n };
  assert.deepEqual(await load("bad", bad), ["delivered"]);
  const discards = await database.query(
    "SELECT column_name, column_value, reason FROM shop.rudder_discards ORDER BY column_name",
  );
  assert.deepEqual(
    discards.map((row) => Object.values(row)),
    Object.entries(bad)
      .map(([name, value]) => [name, String(value), "type"])
      .sort(),
  );
  // Minus zero is a number like others; one that is written with an exponent is as well.
  assert.deepEqual(await load("odd", { zero: -0, exponent: 1e21, small: 5e-324, large: 1.7e308 }), ["delivered"]);
  assert.deepEqual(
    await database.query(
      "SELECT zero, exponent, small = 5e-324 AS s, large = 1.7e308 AS l FROM shop.e WHERE id = 'odd'",
    ),
    [{ zero: "0", exponent: "1000000000000000000000", s: true, l: true }],
  );
});

test("every time that the gateway reads can be stored, as that time", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const part = (max: number, width: number) => fc.nat({ max }).map((n) => String(n).padStart(width, "0"));
  const year = fc.oneof(part(9999, 4), fc.constantFrom("0000", "0001", "9999", "2024"));
  const texts = fc
    .tuple(
      year,
      part(13, 2),
      part(31, 2),
      part(24, 2),
      part(60, 2),
      part(60, 2),
      fc.constantFrom("", ".5", ".123456789"),
    )
    .map(([y, mo, d, h, mi, s, fraction]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${fraction}`);
  const offset = fc.constantFrom("", "Z", "z", "+00:00", "-01:00", "+14:59", "+15:59", "-23:59", "+0530", "+24:00");
  const given = fc.oneof(
    fc.tuple(texts, offset).map((parts) => parts.join("")),
    fc.constantFrom("2016-12-31T23:59:60Z", "0000-12-31T23:30:00-01:00", "9999-12-31T23:59:59Z", "2026-11-23 09:00"),
    fc.integer({ min: 1e8, max: 1e13 }),
  );
  // The first makes the column `t` one of times.
  await warehouse.load([event({ messageId: "first", event: "e", properties: { t: "2026-11-23" } })]);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(given, { minLength: 1, maxLength: 60 }), async (values) => {
      const run = ++runs;
      const events = values.map((timestamp, n) => {
        const made = event({ messageId: `${run}-${n}`, event: "e", properties: { t: timestamp } });
        // As a transformation may leave it.
        return { ...made, timestamp: timestamp as string };
      });
      const outcomes = await warehouse.load(events);
      assert.ok(
        outcomes.every((outcome) => outcome === "delivered"),
        outcomes.join(),
      );
      const rows = await database.query<{ n: number; at: number | null; t: number | null }>(
        `SELECT split_part(id, '-', 2)::int AS n, floor(extract(epoch FROM timestamp) * 1000)::float8 AS at,
          floor(extract(epoch FROM t) * 1000)::float8 AS t FROM shop.e WHERE id LIKE '${run}-%' ORDER BY 1`,
      );
      for (const [n, value] of values.entries()) {
        const at = readTime(value)?.at ?? null;
        const { at: stored, t } = rows[n]!;
        assert.equal(stored, at, String(value));
        if (typeof value === "string") assert.equal(t, at, String(value));
      }
    }),
    { numRuns: 10 },
  );
});
