import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { parsedCost, valueCost } from "./heap-cost.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/**
 * Bytes of heap that stay while the parsed text is held: the median of five looks, since a single
 * one also counts what the runtime frees or compiles meanwhile.
 */
function heldBy(json: Buffer): number {
  return Array.from({ length: 5 }, () => heldOnce(json)).sort((a, b) => a - b)[2]!;
}

function heldOnce(json: Buffer): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const held = parsed(json);
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  assert.ok(held !== undefined);
  return bytes;
}

/** A call of its own, so that the text is garbage afterwards. */
function parsed(json: Buffer): unknown {
  return JSON.parse(json.toString());
}

const size = 300_000;

/** `[piece,piece,...]` of about 300 KB, each piece made by its number. */
function listOf(piece: (n: number) => string): Buffer {
  const pieces: string[] = [];
  for (let n = 0, length = 0; length < size; n++) {
    const text = piece(n);
    pieces.push(text);
    length += text.length + 1;
  }
  return Buffer.from(`[${pieces.join(",")}]`);
}

const short = (n: number): string => n.toString(36);
const objectOf = (from: number, keys: number, value: string): string =>
  `{${Array.from({ length: keys }, (_, k) => `"${short(from + k)}z":${value}`).join(",")}}`;

const adversarial: Readonly<Record<string, Buffer>> = {
  "empty arrays": listOf(() => "[]"),
  "empty objects": listOf(() => "{}"),
  "arrays in arrays": listOf(() => "[[[[]]]]"),
  "objects in objects": listOf(() => '{"a":{"a":{"a":{}}}}'),
  "arrays of one": listOf(() => "[0]"),
  "fractions among arrays": listOf((n) => (n % 2 === 0 ? "1.5" : "[]")),
  fractions: listOf(() => "1e9"),
  "short texts": listOf((n) => `"${short(n)}"`),
  "empty texts": listOf(() => '""'),
  "wide texts": listOf(() => '"\u4e00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'),
  "one wide text": Buffer.from(`["\\u4e00${"a".repeat(size)}"]`),
  escapes: listOf(() => '"\\n"'),
  "a key of its own": listOf((n) => `{"${short(n)}":0}`),
  "a key of its own behind another": listOf((n) => `{"a":0,"${short(n)}":0}`),
  "three keys of their own": listOf((n) => objectOf(3 * n, 3, "0")),
  "a hash table": Buffer.from(objectOf(0, size / 8, "0.5")),
  "many hash tables": listOf((n) => objectOf(1100 * n, 1100, "0.5")),
  "200 keys": listOf(() => objectOf(1000, 200, "0")),
  "a double for a key": listOf(() => '{"a":0.5}'),
  "kinds that change": listOf((n) => `{"a":${["0", "0.5", '"x"', "{}", "null"][n % 5]}}`),
  ...Object.fromEntries(
    [0, 9, 31, 62, 99, 1023, 99_999, 4_294_967_294].map((key) => [`index ${key}`, listOf(() => `{"${key}":{}}`)]),
  ),
  "indices, spaced": listOf((n) => `{"${n * 1_000_003}" :0}`),
};

for (const [name, json] of Object.entries(adversarial)) {
  test(`what is held costs no more than was said: ${name}`, () => {
    const held = heldBy(json);
    const said = parsedCost(json);
    assert.ok(held <= said, `${held} bytes held, ${said} said, ${json.length} of text`);
    assert.ok(valueCost(JSON.parse(json.toString())) >= 0.7 * held);
  });
}

test("whatever JSON it is, what is held costs no more than was said", () => {
  const value = fc.jsonValue({ maxDepth: 5 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), fc.boolean(), (values, spaced) => {
      // Many of them, so that what the runtime does beside it does not count.
      const one = JSON.stringify(values, undefined, spaced ? 1 : undefined);
      const copies = Math.ceil(200_000 / one.length);
      const json = Buffer.from(`[${Array.from({ length: copies }, () => one).join(",")}]`);
      const held = heldBy(json);
      assert.ok(held <= parsedCost(json), `${held} bytes held, ${parsedCost(json)} said: ${one.slice(0, 200)}`);
    }),
    { numRuns: 60 },
  );
});

test("ordinary events are charged some times their text, not ten times", () => {
  const json = listOf((n) =>
    JSON.stringify({
      type: "track",
      messageId: `a3f1c2d4-5678-4abc-9def-${String(n).padStart(12, "0")}`,
      userId: `user-${n}`,
      event: "Product Viewed",
      properties: {
        price: 12.5,
        sku: `A-${n}`,
        name: `A thing of the sort ${n}`,
        tags: ["new", "sale"],
        address1: "x",
      },
      context: {
        library: { name: "@pintle/sdk", version: "1.2.3" },
        userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
        page: { url: `https://shop.example.com/products/${n}`, title: "Products" },
      },
      originalTimestamp: "2026-01-01T00:00:00.000Z",
    }),
  );
  assert.ok(parsedCost(json) < 7 * json.length, `${parsedCost(json) / json.length}`);
  assert.ok(parsedCost(json) < 5 * heldBy(json));
});
