import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { isSecret, secret, secretsOf } from "./secret.ts";

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

test("what is secret is known by its place, too, so that a wrong value is not shown", () => {
  const schema = z.strictObject({
    open: z.string().optional(),
    key: secret(z.string()).optional().describe("a key"),
    headers: secret(z.record(z.string(), z.string())).default({}),
    list: z.array(z.union([z.number(), secret(z.string())])),
    nested: z.strictObject({ token: secret(z.string()).nullable(), name: z.string() }).readonly(),
    piped: secret(z.string()).transform((text) => text.trim()),
  });
  const secrets: PropertyKey[][] = [
    ["key"],
    ["headers"],
    ["headers", "a"],
    ["list", 0],
    ["nested", "token"],
    ["piped"],
  ];
  for (const path of secrets) assert.equal(isSecret(schema, path), true, path.join("."));
  for (const path of [[], ["open"], ["list"], ["nested"], ["nested", "name"], ["none"], ["open", "none"]]) {
    assert.equal(isSecret(schema, path), false, path.join("."));
  }
});
