import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnPlaces } from "./column-places.ts";
import type { Item } from "./item.ts";
import { column, columns, item, plainDialect } from "./items.test.support.ts";
import type { Column } from "./table.ts";
import { changesFor, type TableChange } from "./table-change.ts";

const plain = { rudderStackTypes: false };
const cutting = { rudderStackTypes: true };

function changes(
  items: readonly Item[],
  existing: ReadonlyMap<string, Column>,
  free: number,
  rules = plain,
): TableChange {
  return changesFor(items, existing, new ColumnPlaces(existing, plainDialect, false), free, rules);
}

test("the first type that is seen makes the column; a fraction makes it a float", () => {
  const items = [item({ a: 1, b: "x", c: 1.5 }), item({ a: 2.5, b: 1, c: 2, d: true })];
  const { add, widen } = changes(items, new Map(), 10);
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
  assert.deepEqual([...changes(items, new Map(), 2).add.keys()], ["a", "b"]);
});

test("a column of whole numbers that can be widened is when it meets a fraction, and nothing else", () => {
  const existing = columns({ a: "int", b: "int", c: "float", d: "string" });
  existing.set("e", column("int", { widens: false }));
  const items = [item({ a: 1, b: 1.5, c: 1.5, d: 1.5, e: 1.5 })];
  assert.deepEqual([...changes(items, existing, 10).widen], ["b"]);
  assert.equal(changes(items, existing, 10, cutting).widen.size, 0);
});
