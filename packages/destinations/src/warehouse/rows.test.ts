import assert from "node:assert/strict";
import { test } from "node:test";
import { completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { postgresDialect } from "../postgres/dialect.ts";
import { ShapeFamily } from "./cells.ts";
import { OptionsReader } from "./event-options.ts";
import { JsonPaths, jsonPathProblem } from "./json-paths.ts";
import { Names } from "./names.ts";
import type { EventRows, Row } from "./row.ts";
import { type RowRules, RowsKept } from "./row-rules.ts";
import { hasTable, rowsOf } from "./rows.ts";
import { typeOf } from "./types.ts";

const at = "2026-11-23T09:00:00.000Z";
const arrival = { receivedAt: Date.parse(at), requestIp: "192.0.2.1", messageId: "m-1" };

function event(fields: Record<string, unknown>): DeliveredEvent {
  return completeEvent({ type: "track", userId: "u-1", anonymousId: "a-1", ...fields }, arrival);
}

interface Settings extends Partial<RowRules> {
  divide?: boolean;
  json?: string[];
  skipTracks?: boolean;
  skipUsers?: boolean;
}

function rules(more: Settings = {}): RowRules {
  const { json: jsonPaths = [], skipTracks = false, skipUsers = false } = more;
  return {
    dialect: postgresDialect,
    names: new Names({ dialect: postgresDialect, underscoreDivideNumbers: more.divide ?? false }),
    shapes: new ShapeFamily(),
    kept: new RowsKept(),
    layout: "tables",
    options: new OptionsReader({ jsonPaths, skipTracks, skipUsers }, ["my shop", "POSTGRES"]),
    contextTraits: true,
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

function build(fields: Record<string, unknown>, more: Settings = {}): EventRows {
  const rows = rowsOf(event(fields), { id: "shop", type: "HTTP" }, rules(more));
  assert.ok(!("columns" in rows), "too many columns");
  return rows;
}

/** The tables with their columns, without those that every event has. */
function own(fields: Record<string, unknown>, more: Settings = {}): Record<string, unknown> {
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

const ofUser = {
  ...{ id: "u-1", sent_at: at, timestamp: at, received_at: at, original_timestamp: at },
  ...{ context_ip: "192.0.2.1", context_request_ip: "192.0.2.1" },
  ...{ context_source_id: "shop", context_source_type: "HTTP" },
  ...{ context_destination_id: "warehouse", context_destination_type: "POSTGRES" },
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
    [{ event: "Users" }, { tracks: name("Users", "users"), _users: name("Users", "users") }],
    [{ event: "select" }, { tracks: name("select", "select"), select: name("select", "select") }],
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
      ...ofUser,
      context_traits_plan: "free",
      context_traits_age: 5,
      context_app_name: "x",
      plan: "pro",
      age: 5,
      _user_id: "t",
    },
  });
  // The same key in both is no collision; one of a common column is.
  assert.deepEqual(build(identify).discards, [
    { table: "identifies", rowId: "m-1", column: "id", value: "no", reason: "collision" },
    { table: "identifies", rowId: "m-1", column: "received_at", value: "no", reason: "collision" },
  ]);
  const { user } = build(identify, { contextTraits: false });
  assert.deepEqual(cells(user!), {
    ...{ ...ofUser, context_traits_plan: "free", context_traits_age: 5, context_app_name: "x" },
    ...{ plan: "pro", _user_id: "t" },
  });
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

test("a common column wins over a property of the same name, which is told", () => {
  const properties = {
    id: "x",
    "Received At": "x",
    eventText: "x",
    context_ip: "x",
    context_app_name: "x",
    uuid_ts: "x",
    channel: "x",
    // What the column has all the same is not lost.
    user_id: "u-1",
    event: "e",
  };
  const { rows, discards } = build({ event: "e", properties, context: { app: { name: "real" }, ip: "192.0.2.1" } });
  assert.deepEqual(cells(rows[1]!), {
    ...{ ...common, context_passed_ip: "192.0.2.1" },
    ...{ context_app_name: "real", event: "e", event_text: "e" },
  });
  assert.deepEqual(
    discards.map(({ table, column, value, reason }) => [table, column, value, reason]),
    Object.keys(properties)
      .slice(0, 7)
      .map((column) => ["e", column, "x", "collision"]),
  );
  const page = { type: "page", name: "Home", properties: { name: "Home" } };
  assert.deepEqual(build(page).discards, []);
  assert.equal(build({ ...page, properties: { name: "Other" } }).discards.length, 1);
});

test("what collides after naming is discarded, the first one wins; what is cut is not known here", () => {
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
  assert.deepEqual([row.foo_bar, row[`${long}a`], row[`${long}b`], row.a_b], [1, "first", "second", 1]);
  const row_ = { table: "e", rowId: "m-1" };
  assert.deepEqual(discards, [
    { ...row_, column: "foo_bar", value: "2", reason: "collision" },
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
  for (const path of ["", "track", "track.properties.", "track.foo.a", "order.properties.a", "track.properties.a..b"])
    assert.match(jsonPathProblem(path) ?? "", /like "track.properties.cart"/, path);
  assert.throws(() => new JsonPaths(["x"]), /not "x"/);
});

test("a section as a whole is a JSON column that is called like it", () => {
  const json = ["track.properties", "identify.traits", "page.context"];
  assert.deepEqual(own({ event: "e", properties: { a: { b: 1 } } }, { json }).e, {
    ...{ event: "e", event_text: "e", properties: '{"a":{"b":1}}' },
  });
  assert.deepEqual(own({ event: "e", properties: {} }, { json }).e, { event: "e", event_text: "e" });
  assert.deepEqual(own({ type: "identify", traits: { a: 1 }, context: { traits: { b: 2 } } }, { json }).identifies, {
    ...{ context_traits_b: 2, traits: '{"a":1}', b: 2 },
  });
  assert.deepEqual(own({ type: "page", context: { ip: "198.51.100.7", app: {} } }, { json }).pages, {
    ...{ context_passed_ip: "198.51.100.7", context: '{"ip":"198.51.100.7","app":{}}' },
  });
});

test("traits of the context are JSON by their own paths, with and without a prefix", () => {
  const json = ["identify.traits.a", "identify.context.traits.b", "identify.context.traitsy.c"];
  const nested = { a: { x: 1 }, b: { x: 1 }, c: { x: 1 } };
  assert.deepEqual(own({ type: "identify", context: { traits: nested } }, { json }).identifies, {
    ...{ context_traits_a_x: 1, context_traits_b: '{"x":1}', context_traits_c_x: 1 },
    ...{ a_x: 1, b: '{"x":1}', c_x: 1 },
  });
  const whole = { json: ["identify.context.traits"] };
  assert.deepEqual(own({ type: "identify", context: { traits: { a: { x: 1 } } } }, whole).identifies, {
    ...{ context_traits: '{"a":{"x":1}}', a_x: 1 },
  });
});

test("an id that is an empty object or list is none; the same text is one", () => {
  for (const nothing of [{}, []]) {
    assert.deepEqual(own({ type: "group", groupId: nothing }), { groups: {} });
    assert.deepEqual(own({ type: "alias", previousId: nothing }), { aliases: {} });
    const { rows, user } = build({ type: "identify", userId: nothing, traits: { a: 1 } });
    assert.deepEqual([cells(rows[0]!).user_id, user], [undefined, undefined]);
    assert.equal(cells(build({ event: "e", anonymousId: nothing }).rows[0]!).anonymous_id, undefined);
  }
  assert.deepEqual(own({ type: "group", groupId: "{}" }), { groups: { group_id: "{}" } });
});

test("what has no shape: empty objects, arrays for objects, texts by index", () => {
  const name = { event: "e", event_text: "e" };
  const cases: readonly (readonly [Record<string, unknown>, string, Record<string, unknown>])[] = [
    [{ event: "e", channel: {}, userId: "u-1" }, "tracks", name],
    [{ event: "e", channel: [], context: { ip: {}, a: { b: {}, c: [] } } }, "tracks", name],
    [{ event: "e", channel: { a: 1 } }, "tracks", { ...name, channel: '{"a":1}' }],
    [{ type: "page", name: {}, properties: { name: "p" } }, "pages", { name: "p" }],
    [{ type: "group", traits: [] }, "groups", {}],
    [{ event: "e", properties: [1, { a: 2 }] }, "e", { ...name, properties: '[1,{"a":2}]' }],
    [{ event: "e", context: ["x"] }, "e", { ...name, context: '["x"]' }],
    [{ type: "group", traits: ["x"] }, "groups", { traits: '["x"]' }],
    [{ type: "identify", context: { traits: ["x"] } }, "identifies", { context_traits: '["x"]' }],
    [{ type: "identify", context: { traits: { 0: "f", 1: "o" } } }, "identifies", { context_traits: "fo" }],
    [
      { event: "e", properties: { note: { 1: "f", 2: "o" }, no: { 2: "f", 3: "o" } } },
      "e",
      { ...name, note: "fo", no_2: "f", no_3: "o" },
    ],
    [{ event: "e", properties: { a: { 0: "f", 2: "o" } } }, "e", { ...name, a_0: "f", a_2: "o" }],
    [{ event: "e", properties: { a: { 0: "f", 1: "oo" } } }, "e", { ...name, a_0: "f", a_1: "oo" }],
    [{ event: "e", properties: { a: { 0: "f", x: "o" } } }, "e", { ...name, a_0: "f", a_x: "o" }],
    [
      { event: "e", properties: { a: { ...(["d", "\ud83d", "\ude00"] as unknown as object) } } },
      "e",
      { ...name, a: "d😀" },
    ],
    [{ event: "e", properties: { 0: "h", 1: "i" } }, "e", { ...name, properties: "hi" }],
    [{ event: "e", channel: { 0: "w", 1: "s" } }, "e", { ...name, channel: "ws" }],
  ];
  for (const [fields, table, columns] of cases) assert.deepEqual(own(fields)[table], columns, JSON.stringify(fields));
  const { discards } = build({ event: "e", properties: "text", context: 5 });
  assert.deepEqual(
    discards.map(({ column, value, reason }) => [column, value, reason]),
    [
      ["context", "5", "type"],
      ["properties", "text", "type"],
    ],
  );
});

test("an object or a list as a name names no table, and is told", () => {
  for (const sent of [{ a: 1 }, ["a"]]) {
    const { rows, discards } = build({ event: sent, properties: { p: 1 } });
    const text = JSON.stringify(sent);
    assert.deepEqual(
      rows.map((row) => [row.table, cells(row)]),
      [["tracks", { ...common, event_text: text }]],
    );
    assert.deepEqual(discards, [
      { table: "tracks", rowId: "m-1", column: "event", value: text, reason: "name" },
      { table: "tracks", rowId: "m-1", column: "p", value: "1", reason: "name" },
    ]);
  }
  // The same text as a name is one.
  assert.deepEqual(build({ event: '["a"]' }).rows.length, 2);
  for (const nothing of [{}, [], null]) assert.deepEqual(own({ event: nothing }), { tracks: {} });
});

test("an event chooses for itself: JSON paths, and which tables it is not in", () => {
  const fields = { event: "e", properties: { cart: { x: 1 }, more: { y: 2 } } };
  const with_ = (key: string, options: unknown) => ({ ...fields, integrations: { [key]: { options } } });
  const json = ["track.properties.more"];
  for (const key of ["POSTGRES", "my shop"]) {
    const chosen = with_(key, { jsonPaths: ["track.properties.cart"], skipTracksTable: true });
    assert.deepEqual(own(chosen, { json }), {
      e: { event: "e", event_text: "e", cart: '{"x":1}', more: '{"y":2}' },
    });
    // As RudderStack wrote them once.
    assert.equal(own(with_(key, { jsonPaths: "cart, x" })).e?.["cart" as never], '{"x":1}');
  }
  assert.deepEqual(Object.keys(own(with_("POSTGRES", { skipTracksTable: false }), { skipTracks: true })), [
    "tracks",
    "e",
  ]);
  const identify = { type: "identify", integrations: { POSTGRES: { options: { skipUsersTable: true } } } };
  assert.equal(build(identify).user, undefined);
  const both = { "my shop": {}, POSTGRES: { options: { skipTracksTable: true } } };
  assert.deepEqual(Object.keys(own({ ...fields, integrations: both })), ["e"], "the first that has options");
  const nonsense = [
    null,
    5,
    "x",
    [],
    { jsonPaths: 7, skipTracksTable: "yes" },
    { jsonPaths: [5, "", "a..b", "x".repeat(2000)] },
  ];
  for (const options of nonsense)
    assert.deepEqual(own(with_("POSTGRES", options)), own(fields), JSON.stringify(options));
  for (const integrations of [
    null,
    5,
    [],
    { POSTGRES: true },
    { POSTGRES: [] },
    { OTHER: { options: { skipTracksTable: true } } },
  ])
    assert.deepEqual(own({ ...fields, integrations }), own(fields));
});

test("the type of an event is compared without case", () => {
  assert.deepEqual(own({ type: "Page", name: "Home" }), { pages: { name: "Home" } });
  assert.equal(hasTable("IDENTIFY"), true);
});

test("whole numbers beyond 2^53 keep their digits", () => {
  const big = 2n ** 63n - 1n;
  const { rows } = build({ event: "e", properties: { int: big, more: big + 1n } });
  const { values, types } = rows[1]!.parts.at(-1)!;
  assert.deepEqual(
    [values, types],
    [
      [big, big + 1n],
      ["int", "float"],
    ],
  );
  assert.equal(own({ event: "e", channel: 2n ** 70n }).e?.["channel" as never], "1180591620717411303424");
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
        for (const name of [row.table, ...names]) assert.match(name, /^[a-z_][a-z0-9_]*$/);
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
