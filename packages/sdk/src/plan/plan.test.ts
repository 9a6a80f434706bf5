import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { properties } from "../helpers/properties.ts";
import { findInvalidValidator, findPlanViolation } from "./plan.ts";
import type { StandardSchema, ValidationIssue } from "./standard-schema.ts";

/** A validator by hand, as a library would publish it. */
function schema(find: (value: unknown) => readonly ValidationIssue[] | undefined): StandardSchema {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const issues = find(value);
        return issues === undefined ? { value } : { issues };
      },
    },
  };
}

const orderCompleted = schema((value) => {
  const { revenue } = value as { revenue?: unknown };
  return typeof revenue === "number"
    ? undefined
    : [{ message: "expected a number", path: ["revenue"] }, { message: "and more" }];
});

describe("tracking plan", () => {
  const plan = { "Order Completed": orderCompleted };

  test("a message as planned has no violation, as a plain object or by helper", () => {
    for (const planned of [{ revenue: 0 }, properties().setRevenue(0)]) {
      assert.equal(
        findPlanViolation(plan, { type: "track", event: "Order Completed", properties: planned }),
        undefined,
      );
    }
  });

  test("a violation names field, value and the validator's words", () => {
    assert.deepEqual(
      findPlanViolation(plan, { type: "track", event: "Order Completed", properties: { revenue: "12" } }),
      { field: "properties.revenue", message: "expected a number (and 1 more)" },
    );
  });

  test("absent properties are checked as none", () => {
    assert.deepEqual(findPlanViolation(plan, { type: "track", event: "Order Completed" }), {
      field: "properties.revenue",
      message: "expected a number (and 1 more)",
    });
  });

  test("the other calls are checked by their names, in the fields that are theirs", () => {
    const email = schema((value) =>
      (value as { email?: unknown }).email === "a@b" ? undefined : [{ message: "no", path: ["email"] }],
    );
    for (const [type, field] of [
      ["identify", "traits"],
      ["group", "traits"],
      ["alias", "traits"],
      ["page", "properties"],
      ["screen", "properties"],
    ] as const) {
      const plan = { [`$${type}`]: email };
      assert.equal(findPlanViolation(plan, { type, [field]: { email: "a@b" } }), undefined, type);
      const wrong = { field: `${field}.email`, message: "no" };
      assert.deepEqual(findPlanViolation(plan, { type, [field]: { email: 5 } }), wrong);
      assert.deepEqual(findPlanViolation(plan, { type }), wrong);
      // A track that is called as they are is none of them.
      assert.equal(findPlanViolation(plan, { type: "track", event: `$${type}` }), undefined);
    }
  });

  test("paths go through objects and lists, in both notations", () => {
    const nested = schema(() => [{ message: "no", path: ["products", { key: 1 }, "sku"] }]);
    assert.deepEqual(
      findPlanViolation({ e: nested }, { type: "track", event: "e", properties: { products: [{}, { sku: 5 }] } }),
      { field: "properties.products.1.sku", message: "no" },
    );
  });

  test("events without a validator and other types are as planned", () => {
    const nothing = schema(() => [{ message: "no" }]);
    for (const message of [
      { type: "track", event: "Unplanned" },
      { type: "track", event: "constructor" },
      { type: "track", event: "toString" },
      { type: "track" },
      { type: "identify", event: "Order Completed" },
    ]) {
      assert.equal(findPlanViolation({ "Order Completed": nothing }, message), undefined, JSON.stringify(message));
    }
  });

  test("a validator that throws fails the message, and no more", () => {
    const broken = schema(() => {
      throw new Error("boom");
    });
    const found = findPlanViolation({ e: broken }, { type: "track", event: "e" });
    assert.equal(found?.message, "its validator threw: boom");
  });

  test("an asynchronous validator fails the message, and its rejection ends nothing", async () => {
    const late: StandardSchema = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("late")) },
    };
    const found = findPlanViolation({ e: late }, { type: "track", event: "e" });
    assert.match(found?.message ?? "", /asynchronous/);
    // An unhandled rejection would fail the test here.
    await new Promise((resolve) => setImmediate(resolve));
  });

  test("never throws, whatever the message and the issue", () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.oneof(fc.string(), fc.integer())), (properties, path) => {
        const found = findPlanViolation(
          { e: schema(() => [{ message: "no", path }]) },
          { type: "track", event: "e", properties },
        );
        assert.equal(found?.message, "no");
      }),
    );
  });

  test("validators are objects or functions with a standard `validate`", () => {
    const callable = Object.assign(() => {}, orderCompleted);
    assert.equal(findInvalidValidator({ a: orderCompleted, b: callable }), undefined);
    for (const wrong of [undefined, null, 5, {}, { "~standard": null }, { "~standard": { validate: 1 } }, () => {}]) {
      assert.equal(findInvalidValidator({ good: orderCompleted, wrong }), "wrong");
    }
  });
});
