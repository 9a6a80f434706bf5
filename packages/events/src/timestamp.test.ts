import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTimestamp, readTime, toRfc3339 } from "./timestamp.ts";

test("timestamps in the forms that SDKs send", () => {
  const at = Date.UTC(1997, 0, 18, 9, 30, 15, 123);
  const cases: ReadonlyArray<readonly [unknown, number | undefined]> = [
    ["1997-01-18T09:30:15.123Z", at],
    ["1997-01-18t09:30:15.123z", at],
    ["1997-01-18 09:30:15.123", at],
    ["1997-01-18T09:30:15.123456789Z", at],
    ["1997-01-18T09:30:15,123Z", at],
    ["1997-01-18T15:00:15.123+05:30", at],
    ["1997-01-18T09:30:15.1230000000000000000000000000001Z", at],
    ["1997-01-19T09:29:15.123+23:59", at],
    ["1997-01-18T00:30:15.123-09", at],
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
    ["18 jan 1997 09:30:15 gmt", at - 123],
    ["Sat,18 Jan 1997 09:30:15 UT", at - 123],
    ["31 Dec 1998 23:59:60 GMT", Date.UTC(1999, 0, 1)],
    ["29 Feb 1996 00:00 GMT", Date.UTC(1996, 1, 29)],
    ["1 Jan 0049 00:00:00 GMT", Date.parse("0049-01-01T00:00:00Z")],
    ["19 Jan 1997 09:29:15 +2359", at - 123],
    ["18 Jan 0000 00:00:00 GMT", undefined],
    ["30 Feb 1997 09:30:15 GMT", undefined],
    ["31 Apr 1997 09:30:15 GMT", undefined],
    ["18 Jan 1997 24:00:00 GMT", undefined],
    ["18 Jan 1997 09:30:61 GMT", undefined],
    ["18 Jan 1997 09:30:15 +2400", undefined],
    ["18 Jan 1997 09:30:15 +0560", undefined],
    ["1997-02-29", undefined],
    ["1997-02-30T00:00:00Z", undefined],
    ["1997-13-01", undefined],
    ["1997-01-18T24:00:00Z", undefined],
    ["1997-01-18T09:60:00Z", undefined],
    ["event 7", undefined],
    ["1", undefined],
    ["", undefined],
    ["yesterday", undefined],
    ["1997-01-18T09:30:15.123+24:00", undefined],
    ["1997-01-18T09:30:15.123+05:60", undefined],
    ["1997-01-18T09:30:15.Z", undefined],
    ["0000-12-31T23:59:59.999Z", undefined],
    ["0000-02-03T00:00:00Z", undefined],
    ["0001-01-01T00:00:00+00:01", undefined],
    ["9999-12-31T23:59:59.999-00:01", undefined],
    ["9999-12-31T23:59:60Z", undefined],
    [853580415123, undefined],
    [null, undefined],
    [new Date(at), undefined],
  ];
  for (const [value, expected] of cases) assert.equal(parseTimestamp(value), expected, String(value));
});

test("every date that JavaScript writes is read back", () => {
  const dates = fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      assert.equal(parseTimestamp(date.toISOString()), date.getTime());
      assert.deepEqual(readTime(date.toISOString()), { at: date.getTime(), text: date.toISOString() });
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

test("a date of mail is read as the same date in ISO 8601", () => {
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const number = (max: number, width: number) => fc.nat({ max }).map((n) => String(n).padStart(width, "0"));
  const parts = fc.tuple(
    number(9999, 4),
    fc.nat({ max: 11 }),
    number(32, 2),
    number(25, 2),
    number(61, 2),
    number(61, 2),
  );
  fc.assert(
    fc.property(parts, fc.constantFrom("GMT", "+0530", "-2359", "+2400"), ([y, mo, d, h, mi, s], zone) => {
      const iso = `${y}-${String(mo + 1).padStart(2, "0")}-${d}T${h}:${mi}:${s}${zone === "GMT" ? "Z" : zone}`;
      assert.equal(parseTimestamp(`${d} ${months[mo]} ${y} ${h}:${mi}:${s} ${zone}`), parseTimestamp(iso), iso);
    }),
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

test("a time is passed on as it is where everybody can store it, else in UTC", () => {
  for (const text of [
    "2026-11-23T09:00:00.123456+05:30",
    "2026-11-23T09:00:00Z",
    "2026-11-23T09:00:00.123456789-14:59",
  ]) {
    assert.equal(readTime(text)?.text, text);
  }
  const cases: ReadonlyArray<readonly [unknown, string | undefined]> = [
    ["2026-11-23", "2026-11-23T00:00:00.000Z"],
    ["2026-11-23 09:00:00Z", "2026-11-23T09:00:00.000Z"],
    ["2026-11-23t09:00:00z", "2026-11-23T09:00:00.000Z"],
    ["2026-11-23T09:00:00", "2026-11-23T09:00:00.000Z"],
    ["2026-11-23T09:00:00+0530", "2026-11-23T03:30:00.000Z"],
    ["2026-11-23T09:00:00+15:00", "2026-11-22T18:00:00.000Z"],
    ["2026-11-23T09:00:00.1234567891Z", "2026-11-23T09:00:00.123Z"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"],
    ["2016-12-31T23:59:60.500Z", "2017-01-01T00:00:00.500Z"],
    ["0000-01-01T00:00:00Z", undefined],
    // In the year 1, but for its letters, which no database reads.
    ["0000-12-31T23:30:00-01:00", "0001-01-01T00:30:00.000Z"],
    ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"],
    ["2026-02-30T09:00:00Z", undefined],
    [1_764_000_000, "2025-11-24T16:00:00.000Z"],
    [1_764_000_000.25, "2025-11-24T16:00:00.250Z"],
    [1_764_000_000_123, "2025-11-24T16:00:00.123Z"],
    [1_764_000_000_123.9, "2025-11-24T16:00:00.123Z"],
    [1e8, "1973-03-03T09:46:40.000Z"],
    [1e11, "1973-03-03T09:46:40.000Z"],
    [99_999_999_999, "5138-11-16T09:46:39.000Z"],
    [253_402_300_799_999, "9999-12-31T23:59:59.999Z"],
    [253_402_300_800_000, undefined],
    [1_764_000_000_123_456, undefined],
    [1e8 - 1, undefined],
    [0, undefined],
    [-1_764_000_000, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [1_764_000_000_123_456_789n, undefined],
    ["1764000000", undefined],
    [true, undefined],
    [new Date(0), undefined],
  ];
  for (const [value, text] of cases) assert.equal(readTime(value)?.text, text, String(value));
});

test("a time that was read is read again as the same, and lies in the years 1 to 9999", () => {
  const part = (max: number, width: number) => fc.nat({ max }).map((n) => String(n).padStart(width, "0"));
  const texts = fc
    .tuple(
      part(9999, 4),
      part(13, 2),
      part(32, 2),
      part(25, 2),
      part(61, 2),
      part(61, 2),
      fc.stringMatching(/^([.,]\d{1,12})?$/),
    )
    .map(([y, mo, d, h, mi, s, fraction]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${fraction}`);
  const offsets = fc.stringMatching(/^(Z|z|[+-][012]\d(:?[0-6]\d)?)?$/);
  const numbers = fc.oneof(fc.integer({ min: -1e15, max: 1e15 }), fc.double());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.tuple(texts, offsets).map((parts) => parts.join("")),
        numbers,
      ),
      (given) => {
        const time = readTime(given);
        if (time === undefined) return;
        assert.equal(readTime(time.text)?.at, time.at);
        assert.equal(Date.parse(time.text), time.at);
        assert.match(toRfc3339(time.at), /^(?!0000)\d{4}-/);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a time is written as Date writes it, whatever was written before it", () => {
  const time = fc.oneof(
    fc.integer({ min: Date.parse("0001-01-01T00:00:00Z"), max: Date.parse("9999-12-31T23:59:59.999Z") }),
    fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }),
    fc.integer({ min: 1_764_288_000_000 - 2000, max: 1_764_288_000_000 + 90_000_000 }),
  );
  fc.assert(
    fc.property(fc.array(time, { maxLength: 30 }), (times) => {
      for (const at of times) assert.equal(toRfc3339(at), new Date(at).toISOString());
    }),
  );
});
