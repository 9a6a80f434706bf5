import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFinished, encodeFinished } from "./progress-table.ts";

test("what is finished is written in ranges", () => {
  assert.equal(encodeFinished([]), "");
  assert.equal(
    encodeFinished([
      [5, 0],
      [5, 1],
      [5, 2],
      [5, 7],
      [6, 3],
    ]),
    "5:0-2,7;6:3",
  );
  assert.deepEqual(decodeFinished("5:0-2,7;6:3"), [
    [5, 0],
    [5, 1],
    [5, 2],
    [5, 7],
    [6, 3],
  ]);
});

test("what was written is read", () => {
  const pairs = fc
    .uniqueArray(fc.tuple(fc.nat(50), fc.nat(50)), { selector: (pair) => pair.join() })
    .map((all) => all.toSorted(([one, at], [other, to]) => one - other || at - to));
  fc.assert(fc.property(pairs, (finished) => assert.deepEqual(decodeFinished(encodeFinished(finished)), finished)));
});

test("a text of another form is refused, not guessed at", () => {
  for (const text of ["x", "5", "5:", "5:a", "5:1-", "5:1,,2", ";"])
    assert.throws(() => decodeFinished(text), /cannot be read/, text);
});
