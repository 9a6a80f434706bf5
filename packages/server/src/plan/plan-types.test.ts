import assert from "node:assert/strict";
import { test } from "node:test";
import { transformSync } from "esbuild";
import fc from "fast-check";
import { planTypes } from "./plan-types.ts";
import { SchemaError } from "./type-writer.ts";

const plan = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  "Order Completed": {
    description: "An order was paid.\nOnce for each order.",
    type: "object",
    properties: {
      orderId: { type: "string", minLength: 1 },
      revenue: { type: "number", minimum: 0, description: "In `currency`" },
      at: { type: "string", format: "date-time" },
      coupon: { type: ["string", "null"] },
      shipTo: { $ref: "#/$defs/postal address" },
      products: { type: "array", items: { $ref: "#/$defs/product" } },
      "odd-name": { enum: ["a", 1, null, true] },
    },
    required: ["orderId", "revenue"],
  },
  "Signed Up": { properties: { plan: { const: "Free" }, old: { type: "boolean", deprecated: true } } },
  Anything: true,
  Open: { type: "object", additionalProperties: { type: "number" } },
  $defs: {
    "postal address": { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    product: {
      allOf: [
        { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] },
        { type: "object", properties: { parts: { type: "array", items: { $ref: "#/$defs/product" } } } },
      ],
    },
  },
};

test("a plan with everything in it", () => {
  assert.equal(
    planTypes(plan, "ShopPlan", "plan.json"),
    `/** The tracking plan. Made by \`pintle types plan.json\`. */
export interface ShopPlan {
  /**
   * An order was paid.
   * Once for each order.
   */
  "Order Completed": {
    orderId: string;
    /** In \`currency\` */
    revenue: number;
    at?: string | Date;
    coupon?: string | null;
    shipTo?: PostalAddress;
    products?: readonly Product[];
    "odd-name"?: "a" | 1 | null | true;
  };
  "Signed Up": {
    plan?: "Free";
    /** @deprecated */
    old?: boolean;
  };
  Anything: {
    [property: string]: unknown;
  };
  Open: {
    [property: string]: number;
  };
}

export type PostalAddress = {
  city: string;
};

export type Product = {
  sku: string;
} & {
  parts?: readonly Product[];
};`,
  );
});

test("schemas of one property, and their types", () => {
  for (const [schema, type] of [
    [{}, "unknown"],
    [true, "unknown"],
    [false, "never"],
    [{ type: "integer" }, "number"],
    [{ type: ["string", "number"] }, "string | number"],
    [{ anyOf: [{ type: "string" }, { type: "string", format: "date" }, { type: "null" }] }, "string | Date | null"],
    [{ oneOf: [{ type: "string" }, {}] }, "unknown"],
    [{ type: "array" }, "readonly unknown[]"],
    [{ type: "array", items: { type: ["string", "null"] } }, "readonly (string | null)[]"],
    [{ type: "array", items: { type: "array", items: { type: "number" } } }, "readonly (readonly number[])[]"],
    [{ type: "array", items: [{ type: "string" }, { type: "number" }] }, "readonly [string, number]"],
    [{ type: "array", prefixItems: [{ type: "string" }] }, "readonly [string]"],
    [{ type: "object", additionalProperties: false }, "Record<never, never>"],
  ] as const) {
    const text = planTypes({ E: { type: "object", properties: { p: schema } } }, "Plan", "f");
    assert.ok(text.includes(`\n    p?: ${type};\n`), `${JSON.stringify(schema)}: ${text}`);
  }
});

test("what cannot be translated is told with its path", () => {
  const inner = (schema: unknown) => ({ E: { type: "object", properties: { p: schema } } });
  for (const [wrong, message] of [
    [[], "it is no object with a JSON Schema for each event"],
    [{}, "there are no events in it"],
    [{ $defs: {} }, "there are no events in it"],
    [{ $defs: 5, E: {} }, "$defs is no object"],
    [{ E: 5 }, "E is no schema"],
    [inner("x"), "E.p is no schema"],
    [inner({ type: "text" }), 'E.p.type is "text", which is no type of JSON Schema'],
    [inner({ $ref: "other.json#/x" }), 'E.p.$ref is "other.json#/x", which is nothing in $defs of this file'],
    [inner({ $ref: "#/$defs/none" }), 'E.p.$ref is "#/$defs/none", which is nothing in $defs of this file'],
    [inner({ enum: [[1]] }), "E.p has a constant that is a list or an object"],
    [inner({ anyOf: 5 }), "E.p.anyOf is no list"],
  ] as const) {
    assert.throws(() => planTypes(wrong, "Plan", "f"), { name: "SchemaError", message });
  }
});

test("whatever the JSON, there is a type that compiles, or a SchemaError", () => {
  const name = fc.oneof(fc.constantFrom("type", "a b", "*/", "`", "__proto__", "1"), fc.string({ maxLength: 6 }));
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 1 }),
      fc.record(
        {
          type: fc.constantFrom("string", "array", "object", "number", ["null", "object"]),
          format: fc.constantFrom("date-time", "email"),
          description: name,
          properties: fc.dictionary(name, tie("schema"), { maxKeys: 3 }),
          required: fc.array(name, { maxLength: 2 }),
          additionalProperties: tie("schema"),
          items: tie("schema"),
          enum: fc.array(fc.oneof(name, fc.integer()), { maxLength: 3 }),
          anyOf: fc.array(tie("schema"), { maxLength: 3 }),
          allOf: fc.array(tie("schema"), { maxLength: 3 }),
          $ref: fc.constantFrom("#/$defs/a", "#/definitions/b c"),
        },
        { requiredKeys: [] },
      ),
    ),
  }));
  const plans = fc.record({ events: fc.dictionary(name, schema, { maxKeys: 3 }), a: schema, b: schema });
  fc.assert(
    fc.property(plans, ({ events, a, b }) => {
      let text: string;
      try {
        text = planTypes({ ...events, $defs: { a, "b c": b } }, "Plan", "*/plan.json");
      } catch (error) {
        assert.ok(error instanceof SchemaError, String(error));
        return;
      }
      // Types leave nothing behind; what is no TypeScript is an error.
      assert.equal(transformSync(text, { loader: "ts" }).code, "");
    }),
    { numRuns: 150 },
  );
});
