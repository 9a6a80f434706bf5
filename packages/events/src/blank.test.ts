import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isBlank, visible } from "./blank.ts";

test("blank is what nobody sees, and nothing else", () => {
  const blanks = [
    "",
    " ",
    "\n\t",
    "\u00a0",
    "\ufeff",
    "\u2003 ",
    "\u0000",
    "\u007f",
    "\u200b",
    " \u200d\u2060 ",
    "\u3164",
  ];
  const late = ["\u{e0020}", "\u{e0100}", "\u2065", "\ufff0", "\uffff", "\ue000", "\u{16fe4}", "\u{1d159}"];
  for (const blank of [...blanks, "\u2800", "\ufe0f", "\ud800", ...late])
    assert.ok(isBlank(blank), JSON.stringify(blank));
  for (const id of ["0", "a ", " a", "é", "\u00a0x", "\u200bx", "\u0000x", "😀"])
    assert.ok(!isBlank(id), JSON.stringify(id));
});

test("blank is what leaves nothing to see", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.equal(isBlank(text), visible(text) === "")));
});
