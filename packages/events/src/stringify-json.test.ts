import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./parse-json.ts";
import { letJsonTakeBigInt, stringifyJson } from "./stringify-json.ts";

const prototype = BigInt.prototype as { toJSON?: unknown };
afterEach(() => {
  delete prototype.toJSON;
});

/** With what a thread may have found in BigInt.prototype.toJSON. */
const threads: ReadonlyArray<readonly [string, () => void]> = [
  ["nothing", () => {}],
  ["ours", letJsonTakeBigInt],
  [
    "somebody's",
    () => {
      prototype.toJSON = function (this: bigint) {
        return `${this}n`;
      };
    },
  ],
];

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
    fc.double(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(null, true, undefined, Symbol("s"), () => 1, new Date(0), new Date(Number.NaN)),
    fc.constantFrom(Object(1), Object("a"), Object(true), new Map([[1, 2]])),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), tie("value"), { maxKeys: 4 }),
  ),
})).value;

for (const [name, prepare] of threads) {
  test(`digits come out as they went in (toJSON: ${name})`, () => {
    prepare();
    const text = '{"a":157963456373623803,"b":[-9223372036854775808,{"c":"1"}],"__proto__":18446744073709551616}';
    assert.equal(stringifyJson(parseJson(text)), text);
    assert.equal(
      stringifyJson({ a: 1n, b: [], c: {}, d: [2n] }, 2),
      '{\n  "a": 1,\n  "b": [],\n  "c": {},\n  "d": [\n    2\n  ]\n}',
    );
    assert.equal(stringifyJson({ at: { toJSON: () => 5n } }), '{"at":5}');
    assert.equal(stringifyJson({ key: { toJSON: (key: string) => key }, n: 5n }), '{"key":"key","n":5}');
    assert.equal(stringifyJson(5n), "5");
    assert.equal(stringifyJson(undefined), undefined);
  });

  test(`everything else is what JSON.stringify writes (toJSON: ${name})`, () => {
    prepare();
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (given, space) => {
        // A bigint has the digits of a safe number of its own, which stands for it.
        const numbers: bigint[] = [];
        const plain = JSON.stringify(
          given,
          function (this: Record<string, unknown>, key, inner: unknown) {
            const own = this[key];
            return typeof own === "bigint" ? 1e15 + numbers.push(own) : inner;
          },
          space,
        );
        fc.pre(!/"[^"]*1000000000000\d{3}/.test(plain ?? ""));
        const expected = plain?.replace(/\b1000000000000(\d{3})\b/g, (_, n: string) => String(numbers[Number(n) - 1]));
        assert.equal(stringifyJson(given, space), expected);
      }),
    );
  });
}

test("what cannot be written throws what JSON.stringify throws", () => {
  const circular: unknown[] = [];
  circular.push(circular);
  assert.throws(() => stringifyJson(circular), /circular/);
  const error = new TypeError("mine");
  const thrower = {
    toJSON() {
      throw error;
    },
  };
  assert.throws(() => stringifyJson([thrower]), error);
});

test("JSON.stringify of others takes a bigint once it was let", () => {
  assert.throws(() => JSON.stringify({ a: 1n }), TypeError);
  letJsonTakeBigInt();
  letJsonTakeBigInt();
  const text = JSON.stringify({ a: 157963456373623803n });
  const isRaw = "rawJSON" in JSON;
  assert.equal(text, isRaw ? '{"a":157963456373623803}' : '{"a":"157963456373623803"}');
  assert.deepEqual(Object.keys(BigInt.prototype), []);
});
