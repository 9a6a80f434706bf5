import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { flatten, KeyTree } from "./flatten.ts";
import { cleanText, jsonText } from "./text.ts";

const keys = new KeyTree();

function flat(value: object, jsonKeys?: ReadonlySet<string>): [string, unknown, string][] {
  const leaves: [string, unknown, string][] = [];
  flatten(value, keys.root, jsonKeys, ({ joined }, leaf, type) => leaves.push([joined, leaf, type]));
  return leaves;
}

test("nested objects are flattened in the order of their keys; what is empty is left out", () => {
  const value = {
    a: { "b c": 1, d: { e: "x" } },
    list: [1, { a: null }],
    n: null,
    s: "",
    o: {},
    l: [],
    f: false,
    z: 0,
  };
  assert.deepEqual(flat(value), [
    ["a_b c", 1, "int"],
    ["a_d_e", "x", "string"],
    ["list", '[1,{"a":null}]', "array"],
    ["f", false, "boolean"],
    ["z", 0, "int"],
  ]);
  for (const nothing of [{}, []]) assert.deepEqual(flat(nothing), []);
});

test("what a path asks for becomes JSON as a whole", () => {
  const keys = new Set(["a_b", "n", "l"]);
  assert.deepEqual(flat({ a: { b: { c: 1 }, d: 2 }, n: 5, l: [1] }, keys), [
    ["a_b", '{"c":1}', "json"],
    ["a_d", 2, "int"],
    ["n", "5", "json"],
    ["l", "[1]", "json"],
  ]);
});

test("a key __proto__ is data", () => {
  assert.deepEqual(flat(JSON.parse('{"__proto__":{"a":1}}')), [["__proto___a", 1, "int"]]);
  assert.equal(jsonText(JSON.parse('{"__proto__":{"a":"\\u0000b"}}')), '{"__proto__":{"a":"b"}}');
});

test("texts and JSON can be stored: no U+0000, no lone surrogate", () => {
  assert.equal(cleanText("a\0b\ud800c\ud83d\ude00"), "ab\ufffdc\ud83d\ude00");
  assert.equal(jsonText({ "k\0": ["\ud800", "\\u0000"] }), '{"k":["\ufffd","\\\\u0000"]}');
  assert.deepEqual(flat({ a: "\0" }), []);
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false } as never), (value) => {
      const text = jsonText(value);
      assert.deepEqual(JSON.parse(jsonText(JSON.parse(text))), JSON.parse(text));
      const strings: string[] = [];
      JSON.parse(text, (_, inner) => {
        if (typeof inner === "string") strings.push(inner);
        return inner;
      });
      for (const string of strings) assert.equal(cleanText(string), string);
    }),
  );
});

test("every leaf that is not empty comes out once", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), (value) => {
      const count = (inner: unknown): number => {
        if (inner === null || inner === "") return 0;
        if (typeof inner === "string") return cleanText(inner) === "" ? 0 : 1;
        if (Array.isArray(inner)) return inner.length === 0 ? 0 : 1;
        if (typeof inner === "object") return Object.values(inner).reduce((sum, each) => sum + count(each), 0);
        return 1;
      };
      assert.equal(flat(value).length, count(value));
    }),
  );
});

test("the same keys are the same path, until there are too many", () => {
  const tree = new KeyTree();
  const path = (...all: string[]) => all.reduce((at, key) => at.with(key), tree.root);
  const kept = path("a", "b");
  const { root } = tree;
  assert.equal(path("a", "b"), kept);
  assert.notEqual(path("a_b"), kept);
  assert.equal(path("a_b").joined, kept.joined);
  assert.deepEqual([path("", "a").joined, path("__proto__", "").joined], ["_a", "__proto___"]);
  for (let n = 0; n < 10_000; n++) path("data", String(n));
  assert.notEqual(path("a", "b"), kept);
  assert.equal(path("a", "b").joined, "a_b");
  // Who is in the middle of an object goes on with what it has.
  assert.equal(kept.with("c").joined, "a_b_c");
  assert.equal(root.with("d").joined, "d");
});
