import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { candidates, ownerOf, type PlaceRules, type Present, placeOf } from "./place.ts";

const rules = (rudderStackNames = false): PlaceRules => ({
  maxNameBytes: 63,
  reserved: {
    own: (name) => name === "select" || name === "window",
    rudderStack: (name) => name === "select" || name === "new",
  },
  rudderStackNames,
});
const place = (full: string, there: Record<string, Present> = {}, rudderStackNames = false) =>
  placeOf(full, (name) => there[name], rules(rudderStackNames));

test("a name that fits stands as it is, a reserved word behind an underscore", () => {
  assert.deepEqual(place("revenue"), { name: "revenue" });
  assert.deepEqual(place("x".repeat(62)), { name: "x".repeat(62) });
  for (const rudderStack of [false, true]) assert.deepEqual(place("select", {}, rudderStack), { name: "_select" });
});

test("a word that one list reserves is used as it is there; else the list says", () => {
  const there: Present = {};
  const cases: [full: string, there: string[], own: string, rudderStack: string][] = [
    ["window", [], "_window", "window"],
    ["window", ["window"], "window", "window"],
    ["window", ["_window"], "_window", "_window"],
    ["window", ["window", "_window"], "_window", "window"],
    ["new", [], "new", "_new"],
    ["new", ["_new"], "_new", "_new"],
    ["new", ["new"], "new", "new"],
    ["new", ["new", "_new"], "new", "_new"],
  ];
  for (const [full, names, own, rudderStack] of cases) {
    const present = Object.fromEntries(names.map((name) => [name, there]));
    assert.deepEqual(
      [place(full, present).name, place(full, present, true).name],
      [own, rudderStack],
      `${full} ${names}`,
    );
  }
});

const long = "x".repeat(63);

test("a name that is cut belongs to the first full name, and the second one gets a suffix that stays", () => {
  const first = place(`${long}1`);
  assert.deepEqual(first, { name: long, claim: `${long}1` });
  const there: Record<string, Present> = { [long]: { owner: `${long}1` } };
  assert.deepEqual(place(`${long}1`, there), { name: long });
  const second = place(`${long}2`, there);
  assert.match(second.name, /^x{54}_[0-9a-f]{8}$/);
  assert.deepEqual(second, { name: second.name, claim: `${long}2`, isSecond: true });
  there[second.name] = { owner: `${long}2` };
  // Also when its place is free again.
  for (const now of [there, { [second.name]: { owner: `${long}2` } }])
    assert.deepEqual(place(`${long}2`, now), { name: second.name, isSecond: true });
  // A name of exactly 63 bytes is like the others.
  assert.equal(place(long, there).isSecond, true);
  assert.deepEqual(place(long), { name: long, claim: long });
});

test("what nobody is known to own, since others made it, belongs to who comes first", () => {
  assert.deepEqual(place(`${long}1`, { [long]: {} }), { name: long, claim: `${long}1` });
});

test("an owner is remembered in a few hundred bytes, and no two are taken for one", () => {
  const huge = "x".repeat(100_000);
  assert.ok(ownerOf(huge).length <= 500);
  assert.notEqual(ownerOf(huge), ownerOf(`${huge}x`));
  assert.equal(ownerOf(long), long);
});

test("whatever names come in whatever order: each has a column of its own, for good, that fits", () => {
  const full = fc
    .tuple(fc.constantFrom("a", "b", "c_d"), fc.integer({ min: 55, max: 75 }), fc.constantFrom("", "1", "_2", "zz"))
    .map(([letter, length, end]) => letter.repeat(length).slice(0, length) + end);
  fc.assert(
    fc.property(fc.array(full, { minLength: 1, maxLength: 40 }), fc.boolean(), (names, rudderStack) => {
      const there = new Map<string, Present>();
      const columns = new Map<string, string>();
      // Some come by the very name that another one would be given.
      const all = names.flatMap((name, at) =>
        at % 5 === 0 ? [name, ...candidates(name, rules()).slice(1, 2)] : [name],
      );
      for (const name of [...all, ...all]) {
        const { name: column, claim } = placeOf(name, (one) => there.get(one), rules(rudderStack));
        assert.ok(column.length <= 63);
        assert.equal(columns.get(name) ?? column, column, "it stays where it is");
        columns.set(name, column);
        there.set(column, { owner: claim ?? there.get(column)?.owner });
      }
      assert.equal(new Set(columns.values()).size, columns.size);
    }),
  );
});
