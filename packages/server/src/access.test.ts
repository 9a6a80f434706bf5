import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeAccess } from "./access.ts";

const cases: readonly [what: string, owner: number, mode: number, uid: number | undefined, kind: string][] = [
  ["ours, private", 1000, 0o700, 1000, "private"],
  ["ours, read by others", 1000, 0o755, 1000, "open"],
  ["ours, read by a group", 1000, 0o640, 1000, "open"],
  ["somebody else's", 1001, 0o700, 1000, "foreign"],
  ["somebody else's, open to all", 1001, 0o777, 1000, "foreign"],
  ["root's volume with our group", 0, 0o2770, 1000, "private"],
  ["root's volume that others can read", 0, 0o2775, 1000, "shared"],
  ["root's, written by everybody", 0, 0o1777, 1000, "foreign"],
  ["the host's folder, in a container's root", 1000, 0o755, 0, "shared"],
  ["root's own", 0, 0o755, 0, "open"],
  ["a system without users", 0, 0o777, undefined, "private"],
];

test("what others own or can write is not trusted, what is ours is closed", () => {
  for (const [what, owner, mode, uid, kind] of cases)
    assert.equal(judgeAccess({ uid: owner, mode }, uid).kind, kind, what);
});

test("property: nothing that a stranger can write is taken without a word", () => {
  const user = fc.constantFrom(0, 1000, 1001);
  fc.assert(
    fc.property(user, user, fc.nat(0o7777), (owner, uid, mode) => {
      const { kind } = judgeAccess({ uid: owner, mode }, uid);
      if ((mode & 0o002) !== 0) assert.ok(kind !== "private" && kind !== "shared");
      if (owner !== uid && owner !== 0 && uid !== 0) assert.equal(kind, "foreign");
    }),
  );
});
