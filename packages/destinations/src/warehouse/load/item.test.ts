import assert from "node:assert/strict";
import { test } from "node:test";
import { newestOfEach } from "./item.ts";
import { item } from "./items.test.support.ts";

test("of rows with the same id the newest stays, of equal ones the last", () => {
  const rows = [
    item({ n: 1 }, { id: "a", at: "2026-01-02T00:00:00Z" }),
    item({ n: 2 }, { id: "b" }),
    item({ n: 3 }, { id: "a", at: "2026-01-01T00:00:00Z" }),
    item({ n: 4 }, { id: "b" }),
  ];
  assert.deepEqual(newestOfEach(rows), [rows[0], rows[3]]);
  const apart = [rows[0]!, rows[1]!];
  assert.equal(newestOfEach(apart), apart);
});
