import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idPattern } from "./id.ts";
import { UniqueIds } from "./unique-ids.ts";

test("ids that differ in capitals only are both kept; what is called as it fits keeps that", () => {
  const ids = ["2aBc", "2abc", "2ABC"];
  const unique = new UniqueIds(ids);
  const [mixed, small, capital] = ids.map((id) => unique.take(id, "name"));
  assert.equal(small, "2abc");
  assert.match(mixed ?? "", /^2abc-[0-9a-f]{8}$/);
  assert.match(capital ?? "", /^2abc-[0-9a-f]{8}$/);
  assert.notEqual(mixed, capital);
  assert.equal(new UniqueIds(["2aBc"]).take("2aBc", "name"), "2abc", "alone it needs nothing");
  assert.equal(new UniqueIds(["2aBc", "2abc"]).take("2aBc", "name"), mixed, "the same as before");
});

test("without an id the name gives one, as long as nobody else has it", () => {
  const unique = new UniqueIds(["shop"]);
  assert.match(unique.take("", "Shop") ?? "", /^shop-/);
  assert.equal(unique.take("", "Blog"), undefined);
  assert.match(unique.take("", "blog") ?? "", /^blog-/);
  assert.match(unique.take("", "\u5546\u5e97") ?? "", /^[0-9a-f]{8}$/);
});

test("whatever ids there are, each is allowed and nobody else's", () => {
  const id = fc.oneof(fc.constantFrom("", "a", "A", "\u00e4", "a-", "x".repeat(80), "X".repeat(90)), fc.string());
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id), { maxLength: 20 }), (all) => {
      const unique = new UniqueIds(all.map(([each]) => each));
      const taken = all.flatMap(([each, name]) => unique.take(each, name) ?? []);
      for (const each of taken) assert.match(each, idPattern);
      assert.equal(new Set(taken).size, taken.length);
    }),
  );
});
