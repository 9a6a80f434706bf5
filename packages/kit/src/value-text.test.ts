import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { bytes } from "./bytes.ts";
import { duration } from "./duration.ts";
import { defaultText } from "./value-text.ts";

const time = duration({ min: 0, max: 1e9 });
const size = bytes({ min: 0, max: 1e9 });

for (const [schema, text] of [
  [z.string(), undefined],
  [z.string().optional(), undefined],
  [z.string().default("a").describe("b"), '"a"'],
  [z.boolean().default(false), "false"],
  [z.int().default(16), "16"],
  [z.array(z.string()).default([]), "[]"],
  [z.record(z.string(), z.string()).default({}), "{}"],
  [time.default(10_000).describe("A time"), '"10s"'],
  [time.optional(), undefined],
  [size.default(500_000), '"500KB"'],
  [
    z.strictObject({ events: z.int().default(100), bytes: size.default(1000) }).default({ events: 5, bytes: 2e6 }),
    '{ events: 5, bytes: "2MB" }',
  ],
] as const) {
  test(`a default of ${text} is shown as one would write it`, () => assert.equal(defaultText(schema), text));
}
