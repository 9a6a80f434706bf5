import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { murmur2, partitionOf } from "./murmur2.ts";
import { hashUserKey } from "./user-key.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Published vectors of Kafka's client, signed as Java prints them. */
const vectors: ReadonlyArray<readonly [string, number]> = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

test("murmur2 agrees with Kafka's", () => {
  for (const [text, hash] of vectors) {
    assert.equal(murmur2(bytesOf(text)) | 0, hash, text);
    assert.equal(hashUserKey(text) | 0, hash, text);
  }
});

test("the hash of a user key is murmur2 of its UTF-8 bytes, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (key) => {
      assert.equal(hashUserKey(key), murmur2(bytesOf(key)));
    }),
  );
});

test("a hash is unsigned, and its partition is one of those there are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 1000 }), (bytes, partitions) => {
      const hash = murmur2(bytes);
      assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32);
      const partition = partitionOf(hash, partitions);
      assert.ok(Number.isInteger(partition) && partition >= 0 && partition < partitions);
    }),
  );
});

test("the partition drops the sign bit, as Kafka's toPositive does", () => {
  assert.equal(partitionOf(murmur2(bytesOf("foobar")), 10), (-790332482 & 0x7fffffff) % 10);
});
