import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { plainWords } from "./plain-words.ts";

function told(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value, { error: plainWords });
  return error === undefined ? [] : error.issues.map(({ message }) => message);
}

const cases: readonly [schema: z.ZodType, value: unknown, message: string][] = [
  [z.string(), undefined, "is missing; expected a string"],
  [z.string(), 5, "expected a string, got a number"],
  [z.object({}), null, "expected an object, got null"],
  [z.array(z.string()), {}, "expected a list, got an object"],
  [z.number(), Number.NaN, "expected a number, got NaN"],
  [z.int(), 1.5, "expected a whole number, got 1.5"],
  [z.int().min(1), 0, "expected at least 1"],
  [z.number().max(7), 8, "expected at most 7"],
  [z.number().positive(), 0, "expected more than 0"],
  [z.number().multipleOf(5), 8, "expected a multiple of 5"],
  [z.string().min(1), "", "expected at least 1 character"],
  [z.array(z.string()).max(2), ["", "", ""], "expected at most 2 items"],
  [z.enum(["a", "b"]), "c", 'expected one of "a", "b"'],
  [z.literal(true), false, "expected true"],
  [z.strictObject({}), { a: 1, b: 2 }, 'unknown keys "a", "b"'],
  [z.url(), "nothing", "expected a URL"],
  [z.iso.datetime(), "today", "expected a time as in RFC 3339, like 2026-01-02T03:04:05Z"],
  [z.string().regex(/^x+$/), "y", "expected a text of the form /^x+$/"],
  [z.union([z.string(), z.array(z.string())]), 5, "expected a string or a list"],
  [z.union([z.string(), z.number()]), undefined, "is missing; expected a string or a number"],
  [
    z.record(z.string().regex(/^x/), z.number()),
    { y: 1 },
    "has a key that is not allowed: expected a text of the form /^x/",
  ],
  [z.custom(() => false), 5, "is not allowed"],
  [z.string().min(3, "three letters"), "ab", "three letters"],
];

test("says in plain words what is wrong, and in the schema's own where it has some", () => {
  for (const [schema, value, message] of cases) assert.deepEqual(told(schema, value), [message]);
});

test("property: nothing of zod's own is left, and no text of the value", () => {
  const schemas = fc.constantFrom(...cases.map(([schema]) => schema));
  const values = fc.oneof(fc.jsonValue(), fc.constant("canary"), fc.double(), fc.constant(undefined));
  fc.assert(
    fc.property(schemas, values, (schema, value) => {
      for (const message of told(schema, value))
        assert.doesNotMatch(message, /invalid|received|too (small|big)|unrecognized|canary|undefined/i);
    }),
  );
});
