import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes } from "./bytes.ts";

test("an amount of data is a number, or a text with its unit", () => {
  const schema = bytes({ min: 1, max: 2e9 });
  const values: [string | number, number][] = [
    [17, 17],
    ["17B", 17],
    ["500KB", 500_000],
    ["1.5MB", 1_500_000],
    ["2GB", 2e9],
  ];
  for (const [written, count] of values) {
    assert.equal(schema.parse(written), count);
    assert.equal(schema.parse(count), count);
  }
  for (const wrong of ["5kb", "5 KB", "KB", "-1", "", 0, 1.5, "3GB", -1])
    assert.equal(schema.safeParse(wrong).success, false, `${wrong}`);
});

test("bounds are named in the units of people", () => {
  assert.equal(bytes({ min: 1000, max: 4e6 }).safeParse(1).error?.issues[0]?.message, "It is between 1KB and 4MB");
});
