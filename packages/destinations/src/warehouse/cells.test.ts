import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cells, ShapeFamily } from "./cells.ts";
import type { ValueType } from "./types.ts";

test("cells with the same columns have the same shape, others have another", () => {
  const shapes = new ShapeFamily();
  const make = (...columns: [string, ValueType][]) => {
    const cells = new Cells(shapes);
    for (const [name, type] of columns) cells.add(name, 1, type);
    return cells.shape;
  };
  const one = make(["a", "int"], ["b", "string"]);
  assert.equal(make(["a", "int"], ["b", "string"]), one);
  for (const other of [make(["b", "string"], ["a", "int"]), make(["a", "float"], ["b", "string"]), make(["a", "int"])])
    assert.notEqual(other, one);
  assert.deepEqual([one.names, one.types, one.has("a"), one.has("c")], [["a", "b"], ["int", "string"], true, false]);
});

test("no name is there twice: the first one stays, in its order", () => {
  const column = fc.tuple(fc.constantFrom("a", "b", "c", "__proto__", "d"), fc.constantFrom<ValueType>("int", "json"));
  const shapes = new ShapeFamily();
  fc.assert(
    fc.property(fc.array(column), (columns) => {
      const cells = new Cells(shapes);
      const expected = new Map<string, [number, ValueType]>();
      columns.forEach(([name, type], value) => {
        assert.equal(cells.add(name, value, type), !expected.has(name));
        if (!expected.has(name)) expected.set(name, [value, type]);
      });
      assert.deepEqual(cells.names, [...expected.keys()]);
      assert.deepEqual(
        cells.values,
        [...expected.values()].map(([value]) => value),
      );
      assert.deepEqual(
        cells.types,
        [...expected.values()].map(([, type]) => type),
      );
    }),
  );
});

test("shapes are forgotten before they fill the memory; those in use stay what they are", () => {
  const shapes = new ShapeFamily();
  const cells = new Cells(shapes);
  cells.add("kept", 1, "int");
  const { empty } = shapes;
  for (let n = 0; shapes.empty === empty; n++) {
    assert.ok(n < 100_000);
    new Cells(shapes).add(`key ${n}`, 1, "int");
  }
  cells.add("more", 2, "int");
  assert.deepEqual(cells.names, ["kept", "more"]);
});
