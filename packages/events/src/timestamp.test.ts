import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isRfc3339, parseTimestamp } from "./timestamp.ts";

test("timestamps in the forms that SDKs send", () => {
  const at = Date.UTC(1997, 0, 18, 9, 30, 15, 123);
  const cases: ReadonlyArray<readonly [unknown, number | undefined]> = [
    ["1997-01-18T09:30:15.123Z", at],
    ["1997-01-18t09:30:15.123z", at],
    ["1997-01-18 09:30:15.123", at],
    ["1997-01-18T09:30:15.123456789Z", at],
    ["1997-01-18T09:30:15,123Z", at],
    ["1997-01-18T15:00:15.123+05:30", at],
    ["1997-01-18T15:00:15.123+0530", at],
    ["1997-01-18T04:30:15.123-05", at],
    ["1997-01-18 09:30:15.123 +00:00", at],
    ["1997-01-18T09:30:15Z", at - 123],
    ["1997-01-18T09:30:15.1Z", at - 23],
    ["1997-01-18T09:30", at - 15_123],
    ["1997-01-18", Date.UTC(1997, 0, 18)],
    ["1996-02-29", Date.UTC(1996, 1, 29)],
    ["0001-01-01T00:00:00Z", Date.parse("0001-01-01T00:00:00Z")],
    ["1998-12-31T23:59:60Z", Date.UTC(1999, 0, 1)],
    ["Sat, 18 Jan 1997 09:30:15 GMT", at - 123],
    ["18 Jan 1997 10:30:15 +0100", at - 123],
    ["1997-02-29", undefined],
    ["1997-02-30T00:00:00Z", undefined],
    ["1997-13-01", undefined],
    ["1997-01-18T24:00:00Z", undefined],
    ["1997-01-18T09:60:00Z", undefined],
    ["event 7", undefined],
    ["1", undefined],
    ["", undefined],
    ["yesterday", undefined],
    [853580415123, undefined],
    [null, undefined],
    [new Date(at), undefined],
  ];
  for (const [value, expected] of cases) assert.equal(parseTimestamp(value), expected, String(value));
});

test("every date that JavaScript writes is read back", () => {
  const dates = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      assert.equal(parseTimestamp(date.toISOString()), date.getTime());
      assert.ok(isRfc3339(date.toISOString()));
    }),
  );
});

test("the short way for JavaScript's own form reads what the long way reads", () => {
  const number = (max: number, width: number) => fc.nat({ max }).map((n) => String(n).padStart(width, "0"));
  const texts = fc
    .tuple(number(9999, 4), number(13, 2), number(32, 2), number(25, 2), number(61, 2), number(61, 2), number(999, 3))
    .map(([y, mo, d, h, mi, s, ms]) => `${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
  fc.assert(
    // With a comma it is the same time, but not that form.
    fc.property(texts, (text) => assert.equal(parseTimestamp(text), parseTimestamp(text.replace(".", ",")), text)),
    { numRuns: 2000 },
  );
});

test("any text is read or refused, never a wrong number, never a throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{0,9})?[Z+-]?$/)),
      (text) => {
        const at = parseTimestamp(text);
        assert.ok(at === undefined || Number.isFinite(at));
      },
    ),
  );
});

test("only full RFC 3339 is passed on as it is", () => {
  assert.ok(isRfc3339("2026-11-23T09:00:00.123456+05:30"));
  for (const text of [
    "2026-11-23",
    "2026-11-23 09:00:00Z",
    "2026-11-23T09:00:00",
    "2026-02-30T09:00:00Z",
    "2026-11-23T09:00:00+0530",
  ]) {
    assert.ok(!isRfc3339(text), text);
  }
});
