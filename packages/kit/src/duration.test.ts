import assert from "node:assert/strict";
import { test } from "node:test";
import { duration } from "./duration.ts";

const schema = duration({ min: 100, max: 3 * 86_400_000 });

test("a length of time is a number of milliseconds, or a text with a unit", () => {
  const cases: [string | number, number][] = [
    [250, 250],
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5s", 1500],
    ["15m", 900_000],
    ["2h", 7_200_000],
    ["3d", 259_200_000],
  ];
  for (const [input, milliseconds] of cases) {
    assert.equal(schema.parse(input), milliseconds);
    assert.equal(schema.parse(schema.parse(input)), milliseconds, "its output is valid input");
  }
});

test("anything else is refused, in words that help", () => {
  for (const input of ["10", "s", "10 s", "-1s", "1e3s", "ten", true, null, "4d", 99, Number.NaN]) {
    assert.equal(schema.safeParse(input).success, false, String(input));
  }
  assert.match(schema.safeParse("4d").error?.issues[0]?.message ?? "", /between 100ms and 3d/);
});
