import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { optionsAt } from "./attempt.ts";

const of = (integrations: unknown) => ({ messageId: "a", integrations }) as unknown as DeliveredEvent;

test("what an event says to a destination stands under the first of its names that has an object", () => {
  const keys = ["my crm", "Crm", "CRM"];
  assert.deepEqual(optionsAt(of({ Crm: { a: 1 }, CRM: { a: 2 } }), keys), { a: 1 });
  assert.deepEqual(optionsAt(of({ "my crm": true, Crm: null, CRM: { a: 2 } }), keys), { a: 2 });
  assert.deepEqual(optionsAt(of({ other: { a: 1 }, All: { a: 1 } }), keys), {});
  assert.deepEqual(optionsAt(of(undefined), keys), {});
});

test("it is an object whatever the client sent, and nothing that JavaScript brings", () => {
  const keys: fc.Arbitrary<string> = fc.constantFrom("__proto__", "constructor", "toString", "a");
  const values = fc.oneof(fc.anything(), fc.dictionary(keys, fc.anything()));
  fc.assert(
    fc.property(values, fc.array(keys), (integrations, names) => {
      const options = optionsAt(of(integrations), names);
      assert.ok(typeof options === "object" && options !== null && !Array.isArray(options));
      if (Object.keys(options).length === 0) return;
      assert.ok(
        Object.entries(integrations as object).some(([key, value]) => names.includes(key) && value === options),
      );
    }),
  );
});
