import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Dialect } from "./dialect.ts";
import { Names, snakeCase } from "./names.ts";

const dialect = (maxNameBytes: number): Dialect => ({
  name: "TEST",
  maxNameBytes,
  isReservedColumn: (name) => name === "select" || name === "xmin",
  isReservedTable: (name) => name === "select",
  isReservedSchema: (name) => name.startsWith("pg_"),
});

const cases: readonly (readonly [sent: string, name: string | undefined, divided?: string])[] = [
  ["omega v2", "omega_v2", "omega_v_2"],
  ["CamelCase123Key", "camel_case123_key", "camel_case_123_key"],
  ["9mega", "_9mega", "_9_mega"],
  ["9mega________-________90", "_9mega_90", "_9_mega_90"],
  ["path to $1,00,000", "path_to_1_00_000"],
  ["Cízǔ", "c_z"],
  ["userID", "user_id"],
  ["HTTPRequest", "http_request"],
  ["A1b", "a1b", "a_1_b"],
  ["v2beta", "v2beta", "v_2_beta"],
  ["iOS", "i_os"],
  ["already_fits", "already_fits"],
  ["a__b", "a_b"],
  ["trailing_", "trailing"],
  ["__leading", "__leading"],
  ["_9", "_9"],
  ["__Two Words", "__two_words"],
  [" _space", "space"],
  ["x", "x"],
  ["X", "x"],
  ["7", "_7"],
  ["", undefined],
  ["___", undefined],
  ["订单完成", undefined],
  ["订单 ok", "ok"],
];

test("names are in snake case of ASCII", () => {
  for (const [sent, name, divided = name] of cases) {
    assert.equal(snakeCase(sent, false), name, sent);
    assert.equal(snakeCase(sent, true), divided, `${sent}, digits apart`);
  }
});

test("a name is a name, and stays what it is when it is made again", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^[_a-zA-Z0-9 -]*$/)),
      fc.boolean(),
      (text, divide) => {
        const name = snakeCase(text, divide);
        if (name === undefined) {
          assert.doesNotMatch(text, /[A-Za-z0-9]/);
          return;
        }
        assert.match(name, /^_*[a-z][a-z0-9]*(_[a-z0-9]+)*$|^_+[0-9][a-z0-9]*(_[a-z0-9]+)*$/);
        assert.equal(snakeCase(name, divide), name);
        const kept = (from: string) => from.replace(/[^A-Za-z0-9]/g, "").toLowerCase();
        assert.equal(kept(name), kept(text));
      },
    ),
  );
});

test("a name has room in the database", () => {
  const names = new Names({ dialect: dialect(63), underscoreDivideNumbers: false });
  assert.equal(names.column("x".repeat(63)), "x".repeat(63));
  assert.equal(names.column("x".repeat(64)), "x".repeat(63));
  assert.equal(names.column(`_${"x".repeat(70)}`)?.length, 63);
  const longer = new Names({ dialect: dialect(127), underscoreDivideNumbers: false });
  assert.equal(longer.column("x".repeat(200))?.length, 127);
});

test("reserved words get an underscore, each kind of name for itself", () => {
  const names = new Names({ dialect: dialect(63), underscoreDivideNumbers: false });
  assert.deepEqual(
    [names.column("Select"), names.table("select"), names.schema("select")],
    ["_select", "_select", "select"],
  );
  assert.deepEqual([names.column("xmin"), names.table("xmin")], ["_xmin", "xmin"]);
  assert.deepEqual([names.schema("pg_shop"), names.table("pg_shop")], ["_pg_shop", "pg_shop"]);
});

test("an event cannot take a table that has another use", () => {
  const names = new Names({ dialect: dialect(63), underscoreDivideNumbers: false });
  for (const own of ["tracks", "pages", "screens", "aliases", "groups", "accounts", "users", "identifies"])
    assert.equal(names.table(own.toUpperCase()), `_${own}`);
  assert.equal(names.table("Rudder Discards"), "_rudder_discards");
  assert.equal(names.column("users"), "users");
});

test("what is remembered is what was made, however many there are", () => {
  const names = new Names({ dialect: dialect(63), underscoreDivideNumbers: false });
  for (let round = 0; round < 2; round++)
    for (let n = 0; n < 10_050; n++) assert.equal(names.column(`Key ${n}`), `key_${n}`);
  for (let round = 0; round < 2; round++) assert.equal(names.column("--"), undefined);
});
