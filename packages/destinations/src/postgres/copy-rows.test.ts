import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cells, ShapeFamily } from "../warehouse/cells.ts";
import { ColumnPlaces } from "../warehouse/load/column-places.ts";
import { Fitter } from "../warehouse/load/fitter.ts";
import type { Item } from "../warehouse/load/item.ts";
import type { Column } from "../warehouse/load/table.ts";
import { type RowValue, typeOf } from "../warehouse/types.ts";
import { columnFor } from "./catalog.ts";
import { CopyLines, copyFields } from "./copy-in.ts";
import { copyRows } from "./copy-rows.ts";
import { postgresDialect } from "./dialect.ts";

const shapes = new ShapeFamily();
const columns: ReadonlyMap<string, Column> = new Map([
  ["a", columnFor("int")],
  ["b", columnFor("string")],
  ["c", columnFor("float")],
  ["d", columnFor("boolean")],
]);

function item(...parts: readonly Record<string, RowValue>[]): Item {
  const cells = parts.map((values) => {
    const made = new Cells(shapes);
    for (const [name, value] of Object.entries(values)) made.add(name, value, typeOf(value));
    return made;
  });
  return { event: 0, id: "m", receivedAt: "2026-11-23T09:00:00.000Z", parts: cells };
}

function fitterFor(items: readonly Item[]): Fitter {
  const places = new ColumnPlaces(columns, postgresDialect, false);
  return new Fitter({ name: "t", columns }, places, items, { rudderStackTypes: false }, () => {});
}

function linesOf(items: readonly Item[], fitter: Fitter): string {
  const messages: Uint8Array[] = [];
  const lines = new CopyLines((message) => messages.push(message.subarray(5)));
  for (const next = copyRows(items, fitter); next(lines); );
  lines.flush();
  return Buffer.concat(messages).toString("utf8");
}

test("a row is a line of the columns that are written, with what COPY would misread escaped", () => {
  const row = item({ a: "no", b: "tab\tback\\slash\nline\r" }, { c: 7.5 });
  assert.equal(linesOf([row], fitterFor([row])), "\\N\ttab\\tback\\\\slash\\nline\\r\t7.5\n");
});

test("parts that go in as they are make the same lines as single values", () => {
  const part = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d"),
    fc.oneof(
      fc.string({ minLength: 1 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    ),
  );
  // No name stands in two parts of a row: the first part goes before.
  const row = fc
    .tuple(part, part)
    .map(([first, second]) =>
      item(first, Object.fromEntries(Object.entries(second).filter(([name]) => !Object.hasOwn(first, name)))),
    );
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const fitter = fitterFor(rows);
      const expected = rows.map((one) => `${copyFields(fitter.values(one)).text.replace(/\t$/, "")}\n`);
      assert.equal(linesOf(rows, fitter), expected.join(""));
    }),
  );
});
