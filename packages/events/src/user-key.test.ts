import assert from "node:assert/strict";
import { test } from "node:test";
import { idText, isBlank, userKey } from "./user-key.ts";

test("the user key is userId, else anonymousId, as text", () => {
  const cases: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
    [{ userId: "u", anonymousId: "a" }, "u"],
    [{ anonymousId: "a" }, "a"],
    [{ userId: "", anonymousId: "a" }, "a"],
    [{ userId: "  \t", anonymousId: "a" }, "a"],
    [{ userId: "\u2003", anonymousId: "a" }, "a"],
    [{ userId: null, anonymousId: "a" }, "a"],
    [{ userId: 42 }, "42"],
    [{ userId: 0, anonymousId: "a" }, "0"],
    [{ userId: false, anonymousId: "a" }, "false"],
    [{ userId: { b: 1 } }, '{"b":1}'],
    [{ userId: " padded " }, " padded "],
    [{ userId: "é" }, "é"],
    [{}, ""],
    [{ userId: null, anonymousId: "" }, ""],
  ];
  for (const [event, key] of cases) assert.equal(userKey(event), key, JSON.stringify(event));
});

test("an id that JSON cannot carry is no id", () => {
  assert.equal(
    idText(() => 1),
    "",
  );
});

test("blank is white space of any kind, and nothing else", () => {
  for (const blank of ["", " ", "\n\t", "\u00a0", "\ufeff", "\u2003 "])
    assert.ok(isBlank(blank), JSON.stringify(blank));
  for (const id of ["0", "a ", " a", "é", "\u00a0x", "\u0000"]) assert.ok(!isBlank(id), JSON.stringify(id));
});
