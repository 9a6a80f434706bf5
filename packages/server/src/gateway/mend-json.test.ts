import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mendJson } from "./mend-json.ts";

function mended(body: string): string | undefined {
  return mendJson(Buffer.from(body))?.body.toString();
}

test("what some clients take for JSON becomes JSON, and nothing else changes", () => {
  const cases: ReadonlyArray<readonly [string, string | undefined]> = [
    ['{"a":NaN}', '{"a":null}'],
    ['{"a": Infinity , "b":[-Infinity,NaN,\nNaN ]}', '{"a": null , "b":[null,null,\nnull ]}'],
    ["NaN", "null"],
    ['{"a":"NaN","b":"say \\"NaN\\": NaN,"}', undefined],
    ['{"NaN":":NaN,","b":NaN}', '{"NaN":":NaN,","b":null}'],
    ['{"a":"\\\\","b":NaN}', '{"a":"\\\\","b":null}'],
    ['{"a":"é","b":NaN}', '{"a":"é","b":null}'],
    ["{NaN:1}", undefined],
    ["[-NaN,+Infinity,NaNs,xNaN,Infinity1,nan]", undefined],
    ['{"a":1}', undefined],
    ['["NaN', undefined],
    ["", undefined],
  ];
  for (const [body, expected] of cases) assert.equal(mended(body), expected, body);
});

test("a byte order mark is cut off, one", () => {
  const mark = Buffer.from("\ufeff");
  assert.deepEqual(mendJson(Buffer.concat([mark, Buffer.from("{}")])), {
    body: Buffer.from("{}"),
    hadByteOrderMark: true,
    hadNotANumber: false,
  });
  assert.deepEqual(mendJson(Buffer.concat([mark, mark, Buffer.from("[NaN]")]))?.body, Buffer.from("\ufeff[null]"));
});

test("bytes that are not UTF-8 stay", () => {
  const bytes = Buffer.from([0x5b, 0x22, 0xe9, 0xff, 0x22, 0x2c, 0x4e, 0x61, 0x4e, 0x5d]);
  assert.deepEqual(mendJson(bytes)?.body, Buffer.concat([bytes.subarray(0, 6), Buffer.from("null]")]));
});

test("JSON with such numbers is the same JSON with null", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const name = fc.constantFrom("NaN", "Infinity", "-Infinity");
  fc.assert(
    fc.property(value, name, fc.constantFrom(undefined, 1), (json, name, indent) => {
      const odd = { "NaN:": 'a "NaN", b', more: json, here: [null, json] };
      // Null stands wherever one of these may stand.
      const text = JSON.stringify(odd, null, indent);
      const written = text.replaceAll(/("(?:[^"\\]|\\.)*")|null/g, (_, string?: string) => string ?? name);
      assert.equal(mended(written), text);
    }),
  );
});

test("nothing is left to mend", () => {
  const piece = fc.constantFrom("NaN", "Infinity", '"', "\\", ",", ":", "[", "]", "\ufeff", " ", "-", "x");
  fc.assert(
    fc.property(
      // One of several marks is cut off; what stays is no JSON.
      fc.array(piece).map((pieces) => pieces.join("").replace(/^\ufeff+/, "\ufeff")),
      (text) => {
        const result = mendJson(Buffer.from(text));
        assert.notEqual(result === undefined ? false : mendJson(result.body)?.hadNotANumber, true, text);
      },
    ),
  );
});
