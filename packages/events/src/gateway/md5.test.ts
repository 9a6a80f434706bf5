import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { md5 } from "./md5.ts";

test("it is MD5, whatever the text", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme-ascii", maxLength: 70 }),
    fc.string({ unit: "binary", maxLength: 70 }),
    fc.string({ unit: "binary-ascii", minLength: 53, maxLength: 57 }),
  );
  fc.assert(
    fc.property(text, (given) => assert.equal(md5(given), createHash("md5").update(given).digest("hex"))),
    { numRuns: 1000 },
  );
  for (let length = 0; length < 70; length++) {
    const given = "q".repeat(length);
    assert.equal(md5(given), createHash("md5").update(given).digest("hex"));
  }
});
