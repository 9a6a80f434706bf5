import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ColumnPlaces } from "./column-places.ts";
import type { FitRules } from "./fitted.ts";
import { Fitter } from "./fitter.ts";
import type { Item, ItemDiscard } from "./item.ts";
import { column, columns, item, plainDialect } from "./items.test.support.ts";
import type { Column } from "./table.ts";
import { changesFor } from "./table-change.ts";

const plain = { rudderStackTypes: false };

function fitterOf(
  existing: ReadonlyMap<string, Column>,
  items: readonly Item[],
  rules: FitRules,
  discard: (discard: ItemDiscard) => void,
): Fitter {
  const places = new ColumnPlaces(existing, plainDialect, false);
  return new Fitter({ name: "t", columns: existing }, places, items, rules, discard);
}

test("a row is the values of the columns that take them; the rest is discarded, with the reason", () => {
  const existing = columns({ a: "int", b: "string", c: "int" });
  existing.set("g", column("string", { writable: false }));
  const discards: ItemDiscard[] = [];
  const row = item({ a: "no", b: 5, c: 7, g: "x", full: 5 }, { event: 3 });
  const fitter = fitterOf(existing, [row], plain, (one) => discards.push(one));
  assert.deepEqual(fitter.names, ["a", "b", "c"]);
  assert.deepEqual(fitter.values(row), [undefined, "5", 7]);
  const found = discards.map(({ column, value, reason, event }) => [column, value, reason, event]);
  assert.deepEqual(found, [
    ["a", "no", "type", 3],
    ["g", "x", "generated", 3],
    ["full", "5", "columns", 3],
  ]);
  assert.deepEqual(
    [...fitter.valuesByName(row)],
    [
      ["b", "5"],
      ["c", 7],
    ],
  );
});

test("with the columns that it asks for, every value of every row fits or is discarded, and a layout says the same", () => {
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
      const places = new ColumnPlaces(existing, plainDialect, false);
      const { add, widen } = changesFor(items, existing, places, free, { rudderStackTypes });
      assert.ok(add.size <= free);
      for (const [name, type] of add) existing.set(name, column(type));
      for (const name of widen) existing.set(name, column("float"));
      const discards: ItemDiscard[] = [];
      const fitter = fitterOf(existing, items, { rudderStackTypes }, (one) => discards.push(one));
      let placed = 0;
      for (const one of items) {
        const values = fitter.values(one);
        assert.equal(values.length, fitter.names.length);
        placed += values.filter((value) => value !== undefined).length;
        const { gaps, rest } = fitter.layoutOf(one);
        if (gaps === undefined) continue;
        const nothing = (count: number): undefined[] => new Array(count).fill(undefined);
        const laidOut = [...nothing(gaps[0]!), ...one.parts[0]!.values, ...nothing(rest)];
        assert.deepEqual(laidOut.map(String), values.map(String));
      }
      const given = rows.reduce((sum, values) => sum + Object.keys(values).length, 0);
      assert.equal(placed + discards.length, given);
    }),
  );
});
