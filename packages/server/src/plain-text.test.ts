import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText } from "./plain-text.ts";

test("control characters but tab and line feed do not reach a terminal", () => {
  assert.equal(plainText("a\tb\nc\u001b[31md\re\u0085f\u007f"), "a\tb\nc\uFFFD[31md\uFFFDe\uFFFDf\uFFFD");
  assert.equal(plainText("Zoë, 山田, 🙂"), "Zoë, 山田, 🙂");
});
