import assert from "node:assert/strict";
import { test } from "node:test";
import { completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { postgresDialect } from "../postgres/dialect.ts";
import { ShapeFamily } from "./cells.ts";
import { JsonPaths, jsonPathProblem } from "./json-paths.ts";
import { Names } from "./names.ts";
import { type EventRows, hasTable, type Row, type RowRules, RowsKept, rowsOf } from "./rows.ts";
import { typeOf } from "./types.ts";

const at = "2026-11-23T09:00:00.000Z";
const arrival = { receivedAt: Date.parse(at), requestIp: "192.0.2.1", messageId: "m-1" };

function event(fields: Record<string, unknown>): DeliveredEvent {
  return completeEvent({ type: "track", userId: "u-1", anonymousId: "a-1", ...fields }, arrival);
}

function rules(more: Partial<RowRules> & { divide?: boolean; json?: string[] } = {}): RowRules {
  return {
    dialect: postgresDialect,
    names: new Names({ dialect: postgresDialect, underscoreDivideNumbers: more.divide ?? false }),
    shapes: new ShapeFamily(),
    kept: new RowsKept(),
    layout: "tables",
    jsonPaths: new JsonPaths(more.json ?? []),
    skipTracks: false,
    skipUsers: false,
    rudderEvent: false,
    maxColumns: 200,
    destinationId: "warehouse",
    newId: () => "00000000-0000-4000-8000-000000000000",
    ...more,
  };
}

function cells(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    row.parts.flatMap(({ names, values }) => names.map((name, index) => [name, values[index]])),
  );
}

function build(fields: Record<string, unknown>, more: Parameters<typeof rules>[0] = {}): EventRows {
  const rows = rowsOf(event(fields), { id: "shop", type: "HTTP" }, rules(more));
  assert.ok(!("columns" in rows), "too many columns");
  return rows;
}

/** The tables with their columns, without those that every event has. */
function own(fields: Record<string, unknown>, more: Parameters<typeof rules>[0] = {}): Record<string, unknown> {
  const { rows, user } = build(fields, more);
  return Object.fromEntries(
    [...rows, ...(user === undefined ? [] : [user])].map((row) => [
      row.table,
      Object.fromEntries(Object.entries(cells(row)).filter(([name]) => row.table === "users" || !(name in common))),
    ]),
  );
}

const common = {
  id: "m-1",
  anonymous_id: "a-1",
  user_id: "u-1",
  sent_at: at,
  timestamp: at,
  received_at: at,
  original_timestamp: at,
  context_ip: "192.0.2.1",
  context_request_ip: "192.0.2.1",
  context_source_id: "shop",
  context_source_type: "HTTP",
  context_destination_id: "warehouse",
  context_destination_type: "POSTGRES",
};

test("a track is in tracks with the common columns, and in the table of its event with its properties", () => {
  const { rows, user, discards } = build({
    event: "Order Completed",
    properties: { revenue: 1.5, items: [{ sku: "a" }] },
  });
  const name = { event: "order_completed", event_text: "Order Completed" };
  assert.deepEqual(
    rows.map((row) => [row.table, row.id, cells(row)]),
    [
      ["tracks", "m-1", { ...common, ...name }],
      ["order_completed", "m-1", { ...common, ...name, revenue: 1.5, items: '[{"sku":"a"}]' }],
    ],
  );
  assert.deepEqual([user, discards], [undefined, []]);
});

test("each type of event has its table and its columns", () => {
  const name = (text: string, table: string) => ({ event: table, event_text: text });
  const cases: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
    [{ event: "Users" }, { tracks: name("Users", "_users"), _users: name("Users", "_users") }],
    [{ event: "select" }, { tracks: name("select", "_select"), _select: name("select", "_select") }],
    [{ event: "", properties: { a: 1 } }, { tracks: {} }],
    [{ properties: { a: 1 } }, { tracks: {} }],
    [{ event: 7 }, { tracks: name("7", "_7"), _7: name("7", "_7") }],
    [{ type: "page", name: "Home", properties: { name: "x", url: "/" } }, { pages: { name: "Home", url: "/" } }],
    [{ type: "page", properties: { name: "x", url: "/" } }, { pages: { name: "x", url: "/" } }],
    [{ type: "screen", name: "", properties: { name: "x" } }, { screens: { name: "x" } }],
    [
      { type: "group", groupId: "g", traits: { plan: "pro", group_id: "no" } },
      { groups: { group_id: "g", plan: "pro" } },
    ],
    [{ type: "alias", previousId: "p", traits: { a: true } }, { aliases: { previous_id: "p", a: true } }],
  ];
  for (const [fields, expected] of cases) assert.deepEqual(own(fields), expected, JSON.stringify(fields));
  assert.deepEqual(["track", "alias", "merge", undefined].map(hasTable), [true, true, false, false]);
});

test("an identify is in identifies, and says what it knows of its user", () => {
  const identify = {
    type: "identify",
    context: { traits: { Plan: "free", age: 5 }, app: { name: "x" } },
    traits: { plan: "pro", user_id: "t", id: "no", received_at: "no" },
  };
  assert.deepEqual(own(identify), {
    identifies: {
      context_traits_plan: "free",
      context_traits_age: 5,
      context_app_name: "x",
      plan: "pro",
      age: 5,
      _user_id: "t",
    },
    users: {
      id: "u-1",
      received_at: at,
      context_traits_plan: "free",
      context_traits_age: 5,
      context_app_name: "x",
      plan: "pro",
      age: 5,
      _user_id: "t",
    },
  });
  // The same key in both is no collision.
  assert.deepEqual(build(identify).discards, []);
  for (const userId of ["", "  ", null, undefined])
    assert.equal(build({ ...identify, userId }).user, undefined, String(userId));
  assert.equal(build(identify, { skipUsers: true }).user, undefined);
});

test("addresses: context.ip, else the request's; both are kept", () => {
  const row = cells(build({ event: "e", context: { ip: "198.51.100.7" } }).rows[0]!);
  assert.equal(row.context_ip, "198.51.100.7");
  assert.equal(row.context_request_ip, "192.0.2.1");
  assert.equal(row.context_passed_ip, "198.51.100.7");
});

test("a common column wins over a property of the same name", () => {
  const properties = {
    id: "x",
    "Received At": "x",
    eventText: "x",
    context_ip: "x",
    context_app_name: "x",
    uuid_ts: "x",
  };
  const { rows, discards } = build({ event: "e", properties, context: { app: { name: "real" } } });
  assert.deepEqual(cells(rows[1]!), { ...common, context_app_name: "real", event: "e", event_text: "e" });
  assert.deepEqual(discards, []);
});

test("what collides after naming or cutting is discarded, the first one wins", () => {
  const long = "x".repeat(63);
  const { rows, discards } = build({
    event: "e",
    properties: {
      fooBar: 1,
      foo_bar: 2,
      [`${long}a`]: "first",
      [`${long}b`]: "second",
      a: { b: 1 },
      a_b: [2],
      "--": true,
    },
  });
  const row = cells(rows[1]!);
  assert.deepEqual([row.foo_bar, row[long], row.a_b], [1, "first", 1]);
  const row_ = { table: "e", rowId: "m-1" };
  assert.deepEqual(discards, [
    { ...row_, column: "foo_bar", value: "2", reason: "collision" },
    { ...row_, column: `${long}b`, value: "second", reason: "collision" },
    { ...row_, column: "a_b", value: "[2]", reason: "collision" },
    { ...row_, column: "--", value: "true", reason: "name" },
  ]);
});

test("properties of an event whose name leaves nothing are discarded, not lost", () => {
  const { rows, discards } = build({ event: "订单", properties: { a: 1 } });
  assert.deepEqual(own({ event: "订单", properties: { a: 1 } }), { tracks: { event_text: "订单" } });
  assert.equal(rows.length, 1);
  assert.deepEqual(discards, [{ table: "tracks", rowId: "m-1", column: "a", value: "1", reason: "name" }]);
});

test("an event without an id gets one", () => {
  const [row] = build({ event: "e" }).rows;
  assert.equal(row?.id, "m-1");
  const without = rowsOf({ ...event({ event: "e" }), messageId: "" }, { id: "s", type: "HTTP" }, rules());
  assert.ok("rows" in without);
  assert.equal(without.rows[0]?.id, "auto-00000000-0000-4000-8000-000000000000");
});

test("a time that the database cannot hold is discarded", () => {
  // The gateway gives none such; a transformation may.
  const given = { ...event({ event: "e" }), timestamp: "0000-01-01T00:00:00Z" };
  const { rows, discards } = rowsOf(given, { id: "shop", type: "HTTP" }, rules()) as EventRows;
  assert.equal(cells(rows[0]!).timestamp, undefined);
  assert.deepEqual(discards, [
    {
      table: "tracks",
      rowId: "m-1",
      column: "timestamp",
      value: "0000-01-01T00:00:00Z",
      reason: "type",
    },
  ]);
});

test("options: skipTracks, rudderEvent, jsonPaths, digits apart", () => {
  assert.deepEqual(Object.keys(own({ event: "e" }, { skipTracks: true })), ["e"]);
  assert.deepEqual(
    Object.keys(own({ event: "" }, { skipTracks: true })),
    ["tracks"],
    "else the event would be nowhere",
  );
  const whole = cells(build({ event: "e", properties: { a: "\0" } }, { rudderEvent: true }).rows[0]!);
  assert.equal((JSON.parse(whole.rudder_event as string) as DeliveredEvent).messageId, "m-1");
  const json = ["track.properties.cart", "track.properties.a.b", "track.context.app", "identify.traits.address"];
  const fields = {
    event: "e",
    properties: { cart: { x: [1] }, a: { b: { c: 1 }, d: 2 } },
    context: { app: { name: "n" } },
  };
  assert.deepEqual(own(fields, { json }).e, {
    event: "e",
    event_text: "e",
    context_app: '{"name":"n"}',
    cart: '{"x":[1]}',
    a_b: '{"c":1}',
    a_d: 2,
  });
  assert.deepEqual(own({ type: "page", properties: { cart: { x: 1 } } }, { json }).pages, { cart_x: 1 });
  assert.deepEqual(own({ type: "page", properties: { v2: 1 } }, { divide: true }).pages, { v_2: 1 });
});

test("JSON paths that name nothing are refused", () => {
  for (const path of [
    "",
    "track",
    "track.properties",
    "track.properties.",
    "track.foo.a",
    "order.properties.a",
    "track.properties.a..b",
  ])
    assert.match(jsonPathProblem(path) ?? "", /like "track.properties.cart"/, path);
  assert.throws(() => new JsonPaths(["x"]), /not "x"/);
});

test("an event with too many columns has no rows", () => {
  const properties = Object.fromEntries(Array.from({ length: 190 }, (_, n) => [`p${n}`, n]));
  const wide = event({ event: "e", properties });
  assert.deepEqual(rowsOf(wide, { id: "s", type: "HTTP" }, rules()), { columns: 205 });
  assert.ok("rows" in rowsOf(wide, { id: "s", type: "HTTP" }, rules({ maxColumns: 205 })));
});

test("one table for all: the common columns, the name, and the event", () => {
  const fields = { event: "Order Completed", properties: { a: 1 }, context: { app: { name: "n" } } };
  const { events } = own(fields, { layout: "single" }) as { events: Record<string, unknown> };
  const { rudder_event, ...rest } = events;
  assert.deepEqual(rest, { type: "track", event: "Order Completed" });
  assert.deepEqual((JSON.parse(rudder_event as string) as DeliveredEvent).properties, { a: 1 });
  assert.equal((own({ type: "page", name: "Home" }, { layout: "single" }).events as { event: string }).event, "Home");
});

test("whatever clients send: no name twice, every name fits, and values have their types", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const fields = fc.record(
    {
      type: fc.constantFrom("track", "identify", "page", "screen", "group", "alias"),
      event: json,
      name: json,
      userId: json,
      channel: json,
      groupId: json,
      properties: json,
      traits: json,
      context: json,
    },
    { requiredKeys: ["type"] },
  );
  fc.assert(
    fc.property(fields, fc.boolean(), (sent, rudderEvent) => {
      const { rows, user } = build(sent, { rudderEvent, maxColumns: 10_000 });
      for (const row of [...rows, ...(user === undefined ? [] : [user])]) {
        const names = row.parts.flatMap((part) => part.names);
        assert.equal(new Set(names).size, names.length, names.join(" "));
        for (const name of [row.table, ...names]) assert.match(name, /^[a-z_][a-z0-9_]{0,62}$/);
        for (const { values, types } of row.parts) {
          values.forEach((value, index) => {
            const type = types[index]!;
            assert.notEqual(value, "");
            if (type === "json" || type === "array") JSON.parse(value as string);
            else if (type !== "string") assert.equal(typeOf(value), type);
          });
        }
      }
    }),
  );
});
