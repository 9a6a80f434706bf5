import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clip } from "./clip.ts";

const texts = fc.string({ unit: fc.oneof(fc.constantFrom("a", "ä", "€", "😀", "\ud83d", "\ude00"), fc.string()) });

for (const [text, limit, expected] of [
  ["abc", { chars: 3 }, "abc"],
  ["abcd", { chars: 3 }, "abc"],
  ["ab😀", { chars: 3 }, "ab"],
  ["ab😀", { chars: 4 }, "ab😀"],
  ["abc", { chars: 0 }, ""],
  ["äö", { bytes: 3 }, "ä"],
  ["a😀b", { bytes: 4 }, "a"],
  ["a😀b", { bytes: 5 }, "a😀"],
  ["a", { bytes: 0 }, ""],
] as const) {
  test(`${text} within ${JSON.stringify(limit)} is ${expected}`, () => assert.equal(clip(text, limit), expected));
}

test("what is left is the beginning, fits, ends with a whole character, and could not be longer", () => {
  const sizes = { chars: (text: string) => text.length, bytes: (text: string) => Buffer.byteLength(text) };
  fc.assert(
    fc.property(texts, fc.nat(40), fc.constantFrom("chars" as const, "bytes" as const), (text, most, unit) => {
      const clipped = clip(text, unit === "chars" ? { chars: most } : { bytes: most });
      assert.ok(text.startsWith(clipped));
      assert.ok(sizes[unit](clipped) <= most);
      const [next] = text.slice(clipped.length);
      if (next === undefined) return;
      assert.ok(sizes[unit](clipped + next) > most, "one more would have fitted");
      assert.ok([...text].join("|").startsWith([...clipped].join("|")), "half a character");
    }),
  );
});
