import assert from "node:assert/strict";
import { test } from "node:test";
import { idText, userKey } from "./user-key.ts";

test("the user key is userId, else anonymousId, as text", () => {
  const cases: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
    [{ userId: "u", anonymousId: "a" }, "u"],
    [{ anonymousId: "a" }, "a"],
    [{ userId: "", anonymousId: "a" }, "a"],
    [{ userId: "  \t", anonymousId: "a" }, "a"],
    [{ userId: "\u2003", anonymousId: "a" }, "a"],
    [{ userId: null, anonymousId: "a" }, "a"],
    [{ userId: "\u200b", anonymousId: "a" }, "a"],
    [{ userId: 42 }, "42"],
    [{ userId: 157963456373623803n }, "157963456373623803"],
    [{ userId: { b: -157963456373623803n } }, '{"b":-157963456373623803}'],
    [{ userId: Number.POSITIVE_INFINITY, anonymousId: "a" }, "a"],
    [{ userId: 0, anonymousId: "a" }, "0"],
    [{ userId: false, anonymousId: "a" }, "false"],
    [{ userId: { b: 1 } }, '{"b":1}'],
    [{ userId: " padded " }, " padded "],
    [{ userId: "é" }, "é"],
    [{}, ""],
    [{ userId: null, anonymousId: "" }, ""],
  ];
  for (const [event, key] of cases) assert.equal(userKey(event), key, key);
});

test("an id that JSON cannot carry is no id", () => {
  assert.equal(
    idText(() => 1),
    "",
  );
});
