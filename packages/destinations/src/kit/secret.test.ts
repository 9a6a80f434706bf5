import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { secret, secretsOf } from "./secret.ts";

test("secrets are found wherever a schema marks them", () => {
  const schema = z.strictObject({
    open: z.string(),
    key: secret(z.string()).describe("a key"),
    headers: secret(z.record(z.string(), z.string())).default({}),
    list: z.array(z.union([z.number(), secret(z.string().min(1))])).optional(),
    nested: z.strictObject({ token: secret(z.string()).nullable() }).readonly(),
  });
  const settings = schema.parse({
    open: "shown",
    key: "k1",
    headers: { a: "h1", b: "h2" },
    list: [7, "l1"],
    nested: { token: "t1" },
  });
  assert.deepEqual(secretsOf(schema, settings).sort(), ["h1", "h2", "k1", "l1", "t1"]);
});

test("a key that is absent hides nothing", () => {
  const schema = z.strictObject({ key: secret(z.string()).optional(), other: secret(z.string()).nullable() });
  assert.deepEqual(secretsOf(schema, schema.parse({ other: null })), []);
});
