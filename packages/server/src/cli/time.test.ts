import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../errors.ts";
import { parseTime } from "./time.ts";

const now = Date.parse("2026-11-23T12:00:00Z");

const times: [text: string, time: string][] = [
  ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00.000Z"],
  ["2026-11-20T08:00:00.5+01:00", "2026-11-20T07:00:00.500Z"],
  ["2026-11-20T08:00Z", "2026-11-20T08:00:00.000Z"],
  ["2026-11-20 08:00Z", "2026-11-20T08:00:00.000Z"],
  ["2h", "2026-11-23T10:00:00.000Z"],
  ["90s", "2026-11-23T11:58:30.000Z"],
  ["7d", "2026-11-16T12:00:00.000Z"],
  ["2026-11-20", new Date(2026, 10, 20).toISOString()],
  ["2026-11-20T08:00:00", new Date(2026, 10, 20, 8).toISOString()],
];
for (const [text, time] of times) test(`${text} is a time`, () => assert.equal(parseTime("from", text, now), time));

for (const text of ["", "yesterday", "2026", "1700000000", "2026-13-01", "-2h", "2026-11-20T25:00:00Z", "20.11.2026"]) {
  test(`${JSON.stringify(text)} is no time`, () => {
    assert.throws(
      () => parseTime("from", text, now),
      (error) =>
        error instanceof ServerError &&
        error.code === "PINTLE_USAGE" &&
        error.message.startsWith("--from takes a time"),
    );
  });
}
