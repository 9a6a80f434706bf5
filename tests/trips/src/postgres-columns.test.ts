import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataPlane } from "./support/data-plane.ts";
import { type Database, needPostgres, Postgres } from "./support/postgres.ts";
import { event, TestWarehouse } from "./support/test-warehouse.ts";
import { until } from "./support/until.ts";

/* What an event becomes, column by column, as SQL sees it. */

let server: Postgres;
before(async () => {
  if (needPostgres.skip === false) server = await Postgres.start();
});
after(() => server?.[Symbol.asyncDispose]());

/** The only row of a table, without NULLs and without `uuid_ts`, which it has. */
async function row(database: Database, table: string): Promise<Record<string, unknown>> {
  const rows = await database.query<{ row: Record<string, unknown> }>(
    `SELECT jsonb_strip_nulls(to_jsonb(t)) AS row FROM shop.${table} t`,
  );
  assert.equal(rows.length, 1, table);
  const { uuid_ts, ...rest } = rows[0]!.row;
  assert.match(String(uuid_ts), /^\d{4}-\d\d-\d\dT/);
  return rest;
}

const context = {
  ip: "198.51.100.7",
  app: { name: "shop", build: { number: 7 } },
  "user agent": "Mozilla",
  tags: ["a", 1],
  nothing: null,
  empty: { deep: {} },
};
const fields = {
  userId: "u",
  anonymousId: "anon",
  channel: "server",
  context,
  originalTimestamp: "2026-11-20T10:00:00.000Z",
  sentAt: "2026-11-20T10:00:05.000Z",
  timestamp: "2026-11-20T09:59:59.000Z",
  receivedAt: "2026-11-20T10:00:06.000Z",
};
const common = {
  anonymous_id: "anon",
  user_id: "u",
  channel: "server",
  original_timestamp: "2026-11-20T10:00:00+00:00",
  sent_at: "2026-11-20T10:00:05+00:00",
  timestamp: "2026-11-20T09:59:59+00:00",
  received_at: "2026-11-20T10:00:06+00:00",
  context_ip: "198.51.100.7",
  context_passed_ip: "198.51.100.7",
  context_request_ip: "192.0.2.1",
  context_source_id: "shop",
  context_source_type: "HTTP",
  context_destination_id: "warehouse",
  context_destination_type: "POSTGRES",
  context_app_name: "shop",
  context_app_build_number: 7,
  context_user_agent: "Mozilla",
  context_tags: '["a",1]',
};

test("every type of event, every column", needPostgres, async () => {
  const database = await server.database();
  await database.query(`ALTER DATABASE ${await database.value("SELECT current_database()")} SET timezone = 'UTC'`);
  await using warehouse = await TestWarehouse.open(database.url);
  const properties = {
    n: 1,
    part: 1.5,
    yes: false,
    day: "2026-02-28",
    noDay: "2026-02-29",
    list: [{ a: null }],
    deep: { "er key": { x: "y" } },
    ...{ nothing: null, blank: "", none: {}, nil: [] },
    // Common columns win.
    ...{ id: "no", userId: "no", "received at": "no", context_app_name: "no", event_text: "no" },
  };
  const outcomes = await warehouse.load([
    event({ ...fields, messageId: "track", event: "Order Completed", properties }),
    event({
      ...fields,
      ...{ messageId: "identify", type: "identify" },
      context: { ...context, traits: { plan: "free", age: 5 } },
      traits: { plan: "pro", user_id: "theirs", id: "no", address: { city: "Bern" } },
    }),
    event({ ...fields, messageId: "page", type: "page", name: "Home", properties: { name: "no", url: "/" } }),
    event({ ...fields, messageId: "screen", type: "screen", properties: { name: "Start", size: 3 } }),
    event({ ...fields, messageId: "group", type: "group", groupId: "g", traits: { plan: "team", group_id: "no" } }),
    event({ ...fields, messageId: "alias", type: "alias", previousId: "before", traits: { a: true } }),
  ]);
  assert.deepEqual(outcomes, new Array(6).fill("delivered"));

  const names = { event: "order_completed", event_text: "Order Completed" };
  const values = { n: 1, part: 1.5, yes: false, day: "2026-02-28T00:00:00+00:00", no_day: "2026-02-29" };
  const traits = { context_traits_plan: "free", context_traits_age: 5, plan: "pro", age: 5, _user_id: "theirs" };
  assert.deepEqual(await row(database, "tracks"), { id: "track", ...common, ...names });
  assert.deepEqual(await row(database, "order_completed"), {
    ...{ id: "track", ...common, ...names, ...values },
    ...{ list: '[{"a":null}]', deep_er_key_x: "y" },
  });
  const identified = { ...traits, address_city: "Bern" };
  assert.deepEqual(await row(database, "identifies"), { id: "identify", ...common, ...identified });
  const { anonymous_id, user_id, channel, ...ofUser } = common;
  assert.deepEqual(await row(database, "users"), { id: "u", ...ofUser, ...identified });
  assert.deepEqual(await row(database, "pages"), { id: "page", ...common, name: "Home", url: "/" });
  assert.deepEqual(await row(database, "screens"), { id: "screen", ...common, name: "Start", size: 3 });
  assert.deepEqual(await row(database, "groups"), { id: "group", ...common, group_id: "g", plan: "team" });
  assert.deepEqual(await row(database, "aliases"), { id: "alias", ...common, previous_id: "before", a: true });
  const types = await database.columns("shop", "order_completed");
  assert.deepEqual(
    [types.n, types.part, types.yes, types.day, types.no_day, types.list, types.timestamp],
    ["bigint", "numeric", "boolean", "timestamp with time zone", "text", "text", "timestamp with time zone"],
  );
});

test("names: as properties, as events, and those that have another use", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const named: Record<string, string | undefined> = {
    "omega v2": "omega_v2",
    CamelCase123Key: "camel_case123_key",
    "9mega": "_9mega",
    "9mega________-________90": "_9mega_90",
    "path to $1,00,000": "path_to_1_00_000",
    Cízǔ: "c_z",
    "  __door": "door",
    __door2: "__door2",
    店: undefined,
  };
  const taken = ["tracks", "pages", "screens", "aliases", "groups", "accounts", "users", "identifies"];
  const events = [...Object.keys(named), ...taken, ""].map((name, index) =>
    event({
      messageId: `m${index}`,
      event: name,
      properties: Object.fromEntries(Object.keys(named).map((key) => [key, 1])),
    }),
  );
  const outcomes = await warehouse.load(events);
  assert.ok(outcomes.every((outcome) => outcome === "delivered"));
  const tables = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'shop' AND tablename !~ '[$]' ORDER BY tablename COLLATE "C"`,
  );
  const made = Object.values(named).filter((name) => name !== undefined);
  assert.deepEqual(
    tables.map(({ name }) => name),
    [...made, ...taken.map((name) => `_${name}`), "tracks", "rudder_discards"].sort(),
  );
  assert.equal(await database.value("SELECT count(*)::int FROM shop.tracks"), events.length);
  const columns = Object.keys(await database.columns("shop", "_users"));
  for (const name of made) assert.ok(columns.includes(name), name);
  const discards = await database.query("SELECT DISTINCT column_name, reason FROM shop.rudder_discards ORDER BY 1");
  assert.ok(discards.some((one) => one.column_name === "店" && one.reason === "name"));
  assert.deepEqual(Object.keys(await database.columns("shop", "rudder_discards")).sort(), [
    ...["column_name", "column_value", "reason", "received_at", "row_id", "table_name", "uuid_ts"],
  ]);
});

test("more than 200 columns: a dead letter, and as many as that are loaded", needPostgres, async () => {
  const database = await server.database();
  await using warehouse = await TestWarehouse.open(database.url);
  const wide = (messageId: string, count: number) =>
    event({
      messageId,
      event: "e",
      properties: Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, n])),
    });
  assert.deepEqual(await warehouse.load([wide("few", 180), wide("many", 190)]), ["delivered", "dead columns"]);
  assert.match(warehouse.buried[0]!.detail ?? "", /more than maxColumns \(200\)/);
  const there = (await database.query("SELECT * FROM shop.e"))[0]!;
  const set = Object.values(there).filter((value) => value !== null).length;
  // Without uuid_ts, which is not the event's.
  const room = 200 - (set - 1);
  assert.deepEqual(await warehouse.load([wide("most", 180 + room), wide("one more", 181 + room)]), [
    "delivered",
    "dead columns",
  ]);
});

test("layout single: the common columns, and the event as it is", needPostgres, async () => {
  const database = await server.database();
  await database.query(`ALTER DATABASE ${await database.value("SELECT current_database()")} SET timezone = 'UTC'`);
  await using warehouse = await TestWarehouse.open(database.url, { layout: "single" });
  const track = event({
    ...fields,
    messageId: "m",
    event: "Order Completed",
    properties: { n: 1, deep: { list: [1] } },
  });
  assert.deepEqual(await warehouse.load([track]), ["delivered"]);
  const { context_app_name, context_app_build_number, context_user_agent, context_tags, ...few } = common;
  assert.deepEqual(await row(database, "events"), {
    ...{ id: "m", ...few, type: "track", event: "Order Completed" },
    rudder_event: JSON.parse(JSON.stringify(track, (_, value) => value ?? undefined)),
  });
  // The newest stays here, too.
  const again = (receivedAt: string, name: string) =>
    warehouse.load([event({ ...fields, messageId: "m", receivedAt, type: "page", name })]);
  await again("2026-11-19T00:00:00.000Z", "older");
  assert.equal(await database.value("SELECT event FROM shop.events"), "Order Completed");
  await again("2026-11-21T00:00:00.000Z", "newer");
  assert.deepEqual(await database.query("SELECT type, event, rudder_event->>'name' AS name FROM shop.events"), [
    { type: "page", event: "newer", name: "newer" },
  ]);
  const tables = await database.value(
    "SELECT array_agg(tablename::text) FROM pg_tables WHERE schemaname = 'shop' AND tablename !~ '[$]'",
  );
  assert.deepEqual(tables, ["events"]);
});

test(
  "a RudderStack workspace: its ids go on in the rows with their capitals, and numbers with their digits",
  needPostgres,
  async () => {
    const database = await server.database();
    const { hostname: host, port, pathname } = new URL(database.url);
    const workspace = {
      sources: [
        {
          ...{ id: "2bShop", name: "Shop", writeKey: "wk_shop", sourceDefinition: { name: "Go" } },
          destinations: [
            {
              ...{ id: "2bWarehouse", name: "Warehouse" },
              config: {
                host,
                port,
                database: pathname.slice(1),
                user: "postgres",
                namespace: "shop",
                sslMode: "disable",
              },
              destinationDefinition: { name: "POSTGRES", displayName: "Postgres" },
            },
          ],
        },
      ],
    };
    await using plane = await DataPlane.start({ files: new Map([["pintle.config.json", JSON.stringify(workspace)]]) });
    const response = await fetch(`${plane.url}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("wk_shop:")}` },
      body: `{"event":"Paid","userId":157963456373623803,"messageId":9007199254740993,
      "properties":{"amount":9007199254740993,"cart":{"n":[9007199254740993]}},
      "integrations":{"Warehouse":{"options":{"jsonPaths":["track.properties.cart"],"skipTracksTable":true}}}}`,
    });
    assert.equal(response.status, 200);
    const paid = () => database.query("SELECT to_regclass('shop.paid') IS NOT NULL AS is_there");
    await until("the event in the warehouse", async () => (await paid())[0]!.is_there === true, {
      state: () => plane.output,
    });
    assert.deepEqual(
      await database.query(
        `SELECT id, user_id, amount::text, cart::text, context_source_id, context_destination_id FROM shop.paid`,
      ),
      [
        {
          ...{ id: "9007199254740993", user_id: "157963456373623803", amount: "9007199254740993" },
          ...{ cart: '{"n": [9007199254740993]}' },
          ...{ context_source_id: "2bShop", context_destination_id: "2bWarehouse" },
        },
      ],
    );
    assert.equal(await database.value("SELECT to_regclass('shop.tracks')"), null);
  },
);
