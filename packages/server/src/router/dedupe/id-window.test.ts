import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashInto, hashWords } from "./id-hash.ts";
import { IdWindow } from "./id-window.ts";

test("an id is known if it is among those before it, as many as the window has", () => {
  const capacity = fc.integer({ min: 1, max: 12 });
  // A few ids, and hashes that fall into few slots: the table is full of detours.
  const ids = fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 120 });
  fc.assert(
    fc.property(capacity, ids, fc.integer({ min: 1, max: 16 }), (size, sequence, homes) => {
      const window = new IdWindow(size);
      sequence.forEach((id, at) => {
        const hash = Uint32Array.of(id % homes, id, 0, 0);
        const expected = sequence.slice(Math.max(0, at - size), at).includes(id);
        assert.equal(window.take(hash, 0), expected, `id ${id} at ${at} of ${sequence}`);
      });
      window.clear();
      assert.equal(window.take(Uint32Array.of(sequence[0] ?? 0, sequence[0] ?? 0, 0, 0), 0), false);
    }),
    { numRuns: 500 },
  );
});

test("hashes differ where source or id differ, wherever the one ends and the other begins", () => {
  const texts = ["", "a", "b", "ab", "abc", "é", "a\u0001", "shop", "shop1", "0123456", "01234567", "012345678"];
  const hashes = new Map<string, string>();
  for (const source of texts) {
    for (const id of texts) {
      const hash = new Uint32Array(hashWords);
      hashInto(hash, 0, source, id);
      const text = hash.join(" ");
      assert.equal(hashes.get(text), undefined, `${source} ${id} has the hash of ${hashes.get(text)}`);
      hashes.set(text, `${source} ${id}`);
    }
  }
});

test("every word of a hash spreads ids that differ in little", () => {
  const count = 20_000;
  const hash = new Uint32Array(hashWords);
  const seen = Array.from({ length: hashWords }, () => new Set<number>());
  for (let n = 0; n < count; n++) {
    hashInto(hash, 0, "shop", `order-${n}`);
    for (let word = 0; word < hashWords; word++) seen[word]!.add(hash[word]!);
  }
  // Among 20,000 random words of 32 bits, 0.05 pairs are equal on average.
  for (const words of seen) assert.ok(words.size > count - 5, `${count - words.size} equal words`);
});
