import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hashed } from "./hashed.ts";
import { normalised } from "./normalised.ts";

type Row = readonly [given: unknown, expected: string | undefined, options?: object];

const tables: { readonly [Name in keyof typeof normalised]: readonly Row[] } = {
  email: [
    [" Ada.King@Example.COM ", "ada.king@example.com"],
    ["A.d.a+shop@GMail.com", "ada+shop@gmail.com", { as: "google" }],
    ["a.d.a@example.com", "a.d.a@example.com", { as: "google" }],
    ["a d.a@googlemail.com", "ada@googlemail.com", { as: "google" }],
    ["Al.ice$+Apple@Example.Com", "alice@example.com", { as: "reddit" }],
    ["+x@example.com", undefined, { as: "reddit" }],
    ["no address", undefined],
    [["a@b.de"], undefined],
  ],
  phone: [
    ["(650) 555-1212", "16505551212", { countryCode: "1" }],
    ["16505551212", "16505551212", { countryCode: "+1" }],
    ["+1 (650) 555-1212 ext. 9", "16505551212"],
    ["+49 (0) 151 / 12 34 56 7", "491511234567", { countryCode: "1" }],
    ["0049 151 1234567", "491511234567"],
    ["0151 1234567", "491511234567", { countryCode: "49" }],
    ["04921 123456", "494921123456", { countryCode: "49" }],
    [4915112345678, "4915112345678", { countryCode: "49" }],
    ["0151 1234567", "1511234567"],
    ["0151 1234567", undefined, { as: "e164" }],
    ["0151 1234567", "+491511234567", { as: "e164", countryCode: "49" }],
    ["tel:+1-650-555-1212", "+16505551212", { as: "e164" }],
    ["12345", undefined],
    ["+1234567890123456", undefined],
    ["0800-FLOWERS", undefined],
    [{ phone: 1 }, undefined],
  ],
  name: [
    [" O'Hara ", "ohara"],
    ["von  Ahn", "von ahn"],
    ["Émile", "émile"],
    ["太田", "太田"],
    ["!?", undefined],
  ],
  city: [
    ["St. Louis", "stlouis"],
    ["Köln", "köln"],
    ["東京", "東京"],
    [7, undefined],
  ],
  state: [
    ["Missouri", "mo"],
    ["MO", "mo"],
    ["New York", "ny", { country: "USA" }],
    ["Georgia", "georgia", { country: "de" }],
    ["Nordrhein-Westfalen", "nordrheinwestfalen"],
  ],
  country: [
    ["DE", "de"],
    ["Germany", "de"],
    ["U.S.A.", "us"],
    ["UK", "gb"],
    ["United States", "us"],
    ["Atlantis", undefined],
    ["constructor", undefined],
  ],
  postalCode: [
    ["63101-1234", "63101"],
    ["63101 1234", "63101", { country: "US" }],
    ["SW1A 1AA", "sw1a1aa"],
    ["100-0001", "1000001", { country: "JP" }],
    [50667, "50667"],
    [{}, undefined],
  ],
  birthday: [
    ["1815-12-10", "18151210"],
    ["18151210", "18151210"],
    [18151210, "18151210"],
    ["1990/02/03", "19900203"],
    ["1990-02-03T10:00:00Z", "19900203"],
    ["1990-02-30", undefined],
    ["10/12/1990", undefined],
    ["1990-0203", undefined],
  ],
  gender: [
    ["Female", "f"],
    ["M", "m"],
    ["other", undefined],
  ],
  id: [
    [" u-1 ", "u-1"],
    [42, "42"],
    [157963456373623803n, "157963456373623803"],
    [[], undefined],
  ],
};

for (const [name, rows] of Object.entries(tables)) {
  describe(`normalised ${name}`, () => {
    for (const [given, expected, options] of rows) {
      const text = typeof given === "bigint" ? String(given) : JSON.stringify(given);
      test(`of ${text}${options === undefined ? "" : `, ${JSON.stringify(options)}`} is ${expected}`, () => {
        assert.equal(normalised[name as "email"](given, options), expected);
      });
    }
  });
}

test("a hash is that of the vendors' examples", () => {
  // Meta's documentation, and Reddit's.
  const phone = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176";
  assert.equal(hashed.phone("(650) 555-1212", { countryCode: "1" }), phone);
  const alice = "ff8d9819fc0e12bf0d24892e45987e249a28dce836a85cad60e28eaaa8c6d976";
  assert.equal(hashed.email("Al.ice$+Apple@Example.Com", { as: "reddit" }), alice);
});

test("what is a hash stays one, what is wrong is noted, and what is absent is none", () => {
  const notes: unknown[] = [];
  const note = (...words: unknown[]) => notes.push(words);
  assert.equal(hashed.email(` ${"AB".repeat(32)} `, { note }), "ab".repeat(32));
  for (const absent of [undefined, null, ""]) assert.equal(hashed.email(absent, { note }), undefined);
  assert.deepEqual(notes, []);
  assert.equal(hashed.email("nobody", { note }), undefined);
  assert.equal(hashed.gender(["f"], { note }), undefined);
  assert.deepEqual(notes, [
    ["invalid_value", "email"],
    ["invalid_value", "gender"],
  ]);
});

test("whatever is given, a hash is 64 hex digits of something normalised, or nothing", () => {
  const value = fc.oneof(
    fc.anything(),
    fc.string({ unit: "binary" }),
    fc.emailAddress(),
    fc.constantFrom("__proto__", "\ud800", "constructor", "+".repeat(50), 0, -0, 10n ** 30n),
  );
  const options = fc.constantFrom({}, { as: "google" }, { as: "reddit" }, { as: "e164", countryCode: "__proto__" });
  const names = fc.constantFrom(...(Object.keys(normalised) as (keyof typeof normalised)[]));
  fc.assert(
    fc.property(names, value, options, value, (name, given, how, country) => {
      const found = normalised[name as "email"](given, { ...how, country } as object);
      const hash = hashed[name as "email"](given, { ...how, country } as object);
      if (found === undefined) assert.ok(hash === undefined || /^[0-9a-f]{64}$/.test(hash));
      else if (!/^\s*[0-9a-f]{64}\s*$/i.test(String(given))) {
        assert.equal(hash, createHash("sha256").update(found).digest("hex"));
        assert.ok(found !== "" && found.trim() === found);
        // Normalising is done once: what is normalised stays as it is, but for a phone number,
        // which would get its country code again.
        if (name !== "phone") assert.equal(normalised[name as "email"](found, { ...how, country } as object), found);
      }
    }),
    { numRuns: 1000 },
  );
});
