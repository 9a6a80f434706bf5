import assert from "node:assert/strict";
import { test } from "node:test";
import { laneWeb } from "./lane-web.ts";

test("lanes are FNV-1a in 32 bit, and differ for nearly all keys", () => {
  // Vectors of the authors of FNV.
  assert.equal(laneWeb(""), 0x811c9dc5 | 0);
  assert.equal(laneWeb("a"), 0xe40c292c | 0);
  assert.equal(laneWeb("foobar"), 0xbf9cf968 | 0);
  const lanes = Array.from({ length: 10_000 }, (_, n) => laneWeb(`user-${n}`));
  assert.ok(new Set(lanes).size > 9_990);
});
