import assert from "node:assert/strict";
import { test } from "node:test";
import { brand } from "./brand.ts";

/** The same class as another copy of its module makes it. */
function copy() {
  class Fault extends Error {}
  brand(Fault, "test:Fault");
  class Special extends Fault {}
  return { Fault, Special };
}

const here = copy();
const there = copy();

test("an instance of either copy is one of both", () => {
  for (const instance of [new here.Fault(), new there.Fault(), new here.Special(), new there.Special()]) {
    assert.ok(instance instanceof here.Fault);
    assert.ok(instance instanceof there.Fault);
    assert.ok(instance instanceof Error);
  }
});

test("a subclass has its own instances alone", () => {
  assert.ok(new here.Special() instanceof here.Special);
  assert.ok(!(new here.Fault() instanceof here.Special));
  assert.ok(!(new there.Fault() instanceof here.Special));
});

test("nothing else is an instance", () => {
  for (const other of [undefined, null, "text", 1, {}, new Error("no"), () => {}, Object.create(null)]) {
    assert.ok(!((other as object) instanceof here.Fault));
  }
});

test("the mark is not seen: an error prints and compares as before", () => {
  assert.deepEqual(Object.keys(new here.Fault("a")), []);
  assert.equal(JSON.stringify(new here.Fault("a")), "{}");
});
