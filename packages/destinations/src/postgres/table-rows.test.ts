import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cells, ShapeFamily } from "../warehouse/cells.ts";
import { type Scalar, typeOf, type ValueType } from "../warehouse/types.ts";
import { type Column, columnFor, describeColumn } from "./catalog.ts";
import { ColumnPlaces } from "./column-places.ts";
import { CopyLines } from "./copy-in.ts";
import {
  changesFor,
  type FitRules,
  Fitter,
  fitted,
  type Item,
  type ItemDiscard,
  newestOfEach,
  type TableChange,
} from "./table-rows.ts";

const at = "2026-11-23T09:00:00.000Z";
const shapes = new ShapeFamily();
const plain = { rudderStackTypes: false };
const cutting = { rudderStackTypes: true };

function item(values: Record<string, Scalar>, { id = "m", receivedAt = at, event = 0 } = {}): Item {
  const cells = new Cells(shapes);
  for (const [name, value] of Object.entries(values)) cells.add(name, value, typeOf(value));
  return { event, id, receivedAt, parts: [cells] };
}

function changes(
  items: readonly Item[],
  existing: ReadonlyMap<string, Column>,
  free: number,
  rules: FitRules,
): TableChange {
  return changesFor(items, existing, new ColumnPlaces(existing, false), free, rules);
}

function fitterOf(
  table: string,
  existing: ReadonlyMap<string, Column>,
  items: readonly Item[],
  rules: FitRules,
  discard: (discard: ItemDiscard) => void,
): Fitter {
  return new Fitter(table, existing, new ColumnPlaces(existing, false), items, rules, discard);
}

function line(fitter: Fitter, row: Item): string {
  const messages: Uint8Array[] = [];
  const lines = new CopyLines((message) => messages.push(message));
  fitter.line(row, lines);
  lines.flush();
  return Buffer.concat(messages).toString("utf8", 5);
}

const columns = (types: Record<string, Column["type"]>): Map<string, Column> =>
  new Map(
    Object.entries(types).map(([name, type]): [string, Column] => [
      name,
      type === "other" ? describeColumn("uuid", -1, "uuid", true) : columnFor(type),
    ]),
  );

test("the first type that is seen makes the column; a fraction makes it a float", () => {
  const items = [item({ a: 1, b: "x", c: 1.5 }), item({ a: 2.5, b: 1, c: 2, d: true })];
  const { add, widen } = changes(items, new Map(), 10, plain);
  assert.deepEqual(
    [...add],
    [
      ["a", "float"],
      ["b", "string"],
      ["c", "float"],
      ["d", "boolean"],
    ],
  );
  assert.equal(widen.size, 0);
  assert.equal(changes(items, new Map(), 10, cutting).add.get("a"), "int");
  assert.deepEqual([...changes(items, new Map(), 2, plain).add.keys()], ["a", "b"]);
});

test("a bigint that meets a fraction is widened, and nothing else", () => {
  const existing = columns({ a: "int", b: "int", c: "float", d: "string" });
  existing.set("e", describeColumn("int4", -1, "integer", true));
  const items = [item({ a: 1, b: 1.5, c: 1.5, d: 1.5, e: 1.5 })];
  assert.deepEqual([...changes(items, existing, 10, plain).widen], ["b"]);
  assert.equal(changes(items, existing, 10, cutting).widen.size, 0);
});

test("a row is a line of the columns that take its values; the rest is discarded, with the reason", () => {
  const existing = columns({ a: "int", b: "string", c: "int" });
  existing.set("g", describeColumn("text", -1, "text", false));
  const discards: ItemDiscard[] = [];
  const row = item({ a: "no", b: "tab\tback\\slash\nline\r", c: 7, g: "x", full: 5 }, { event: 3 });
  const fitter = fitterOf("t", existing, [row], plain, (one) => discards.push(one));
  assert.deepEqual(fitter.names, ["a", "b", "c"]);
  assert.equal(line(fitter, row), "\\N\ttab\\tback\\\\slash\\nline\\r\t7\n");
  const found = discards.map(({ column, value, reason, event }) => [column, value, reason, event]);
  assert.deepEqual(found, [
    ["a", "no", "type", 3],
    ["g", "x", "generated", 3],
    ["full", "5", "columns", 3],
  ]);
  assert.deepEqual(
    [...fitter.values(row)],
    [
      ["b", "tab\tback\\slash\nline\r"],
      ["c", "7"],
    ],
  );
});

test("columns that others made take what their types take", () => {
  const cases: readonly (readonly [typname: string, typmod: number, Scalar, ValueType, string | undefined])[] = [
    ["int4", -1, 2147483647, "int", "2147483647"],
    ["int4", -1, 2147483648, "int", undefined],
    ["int2", -1, -32769, "int", undefined],
    ["numeric", 4 + ((5 << 16) | 2), 999.99, "float", "999.99"],
    ["numeric", 4 + ((5 << 16) | 2), 1000, "int", undefined],
    ["numeric", -1, 1e30, "float", "1e+30"],
    ["float4", -1, 1e39, "float", undefined],
    ["float8", -1, 1e300, "float", "1e+300"],
    ["varchar", 4 + 3, "abc", "string", "abc"],
    ["varchar", 4 + 3, "abcd", "string", undefined],
    ["varchar", 4 + 3, "😀😀😀", "string", "😀😀😀"],
    ["varchar", -1, 5, "int", "5"],
    ["date", -1, "2026-11-23", "datetime", "2026-11-23"],
    ["timestamp", -1, "never", "string", undefined],
    ["bool", -1, true, "boolean", "true"],
    ["jsonb", -1, "a", "string", '"a"'],
    ["uuid", -1, "anything", "string", "anything"],
  ];
  for (const [typname, typmod, value, type, expected] of cases) {
    const column = describeColumn(typname, typmod, typname, true);
    assert.equal(fitted(value, type, column, plain), expected, `${typname} ${value}`);
  }
});

test("rudderStackTypes cuts fractions off", () => {
  assert.equal(fitted(7.9, "float", columnFor("int"), cutting), "7");
  assert.equal(fitted(-7.9, "float", columnFor("int"), cutting), "-7");
  assert.equal(fitted(-0.5, "float", columnFor("int"), cutting), "0");
  assert.equal(fitted(1e300, "float", columnFor("int"), cutting), undefined);
  assert.equal(fitted(7.9, "float", columnFor("int"), plain), undefined);
});

test("with the columns that it asks for, every value of every row fits or is discarded; in new tables none is lost", () => {
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  );
  const row = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), value);
  const types = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.constantFrom<Column["type"]>("boolean", "int", "float", "datetime", "string", "json", "other"),
  );
  fc.assert(
    fc.property(fc.array(row), types, fc.boolean(), fc.nat(4), (rows, made, rudderStackTypes, free) => {
      const items = rows.map((values) => item(values));
      const existing = columns(made);
      const { add, widen } = changes(items, existing, free, { rudderStackTypes });
      assert.ok(add.size <= free);
      for (const [name, type] of add) existing.set(name, columnFor(type));
      for (const name of widen) existing.set(name, columnFor("float"));
      const discards: ItemDiscard[] = [];
      const fitter = fitterOf("t", existing, items, { rudderStackTypes }, (one) => discards.push(one));
      const lines = items.map((one) => line(fitter, one));
      const placed = lines.map(
        (line) =>
          line
            .slice(0, -1)
            .split("\t")
            .filter((field) => field !== "\\N").length,
      );
      const given = rows.reduce((sum, values) => sum + Object.keys(values).length, 0);
      if (fitter.names.length > 0) assert.equal(placed.reduce((sum, count) => sum + count, 0) + discards.length, given);
      else assert.equal(discards.length, given);
      for (const text of lines) assert.equal(text.slice(0, -1).split("\t").length, Math.max(1, fitter.names.length));
    }),
  );
});

test("of rows with the same id the newest stays, of equal ones the last", () => {
  const rows = [
    item({ n: 1 }, { id: "a", receivedAt: "2026-01-02T00:00:00Z" }),
    item({ n: 2 }, { id: "b" }),
    item({ n: 3 }, { id: "a", receivedAt: "2026-01-01T00:00:00Z" }),
    item({ n: 4 }, { id: "b" }),
  ];
  assert.deepEqual(newestOfEach(rows), [rows[0], rows[3]]);
  const apart = [rows[0]!, rows[1]!];
  assert.equal(newestOfEach(apart), apart);
});
