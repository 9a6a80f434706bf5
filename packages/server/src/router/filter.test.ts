import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { filterEvent } from "./filter.ts";

const names = { name: "hook", displayName: "Webhook" };

function verdict(fields: Record<string, unknown>): string {
  const result = filterEvent({ type: "track", messageId: "m", ...fields } as unknown as DeliveredEvent, names);
  return `${result.verdict}${result.malformed ? " malformed" : ""}`;
}

const cases: [integrations: unknown, expected: string][] = [
  [undefined, "deliver"],
  [null, "deliver"],
  [{}, "deliver"],
  [{ All: true }, "deliver"],
  [{ All: false }, "integrations"],
  [{ All: false, hook: true }, "deliver"],
  [{ All: false, hook: { option: 1 } }, "deliver"],
  [{ All: false, Webhook: true }, "deliver"],
  [{ All: false, Other: true }, "integrations"],
  [{ hook: false }, "integrations"],
  [{ Webhook: false }, "integrations"],
  [{ hook: true, Webhook: false }, "deliver"],
  [{ hook: false, Webhook: true }, "integrations"],
  [{ Hook: false }, "deliver"],
  [{ webhook: false }, "deliver"],
  [{ Other: false }, "deliver"],
  [{ hook: null }, "deliver"],
  [{ All: null }, "deliver"],
  [{ All: "false" }, "deliver malformed"],
  [{ All: {} }, "deliver malformed"],
  [{ All: 0, hook: false }, "integrations"],
  [{ hook: "no" }, "deliver malformed"],
  [{ hook: ["x"], All: false }, "integrations malformed"],
  [{ hook: 1, Webhook: false }, "integrations malformed"],
  ["All", "deliver malformed"],
  [["hook"], "deliver malformed"],
  [false, "deliver malformed"],
];

for (const [integrations, expected] of cases) {
  test(`integrations ${JSON.stringify(integrations)}: ${expected}`, () => {
    assert.equal(verdict({ integrations }), expected);
  });
}

test("names of the language's own are no integrations", () => {
  const result = filterEvent({ type: "track", integrations: {} } as unknown as DeliveredEvent, {
    name: "constructor",
    displayName: "toString",
  });
  assert.deepEqual(result, { verdict: "deliver", malformed: false });
});

test("types that are known pass, all others are dead", () => {
  for (const type of ["identify", "track", "page", "screen", "group", "alias", "merge"]) {
    assert.equal(verdict({ type }), "deliver");
  }
  for (const type of [undefined, null, "", "Track", "shout", 7, ["track"]]) {
    assert.equal(verdict({ type, integrations: { All: false } }), "type");
  }
});
