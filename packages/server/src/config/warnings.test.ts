import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDestinationTypes } from "@pintle/destinations";
import { checkConfig } from "./check-config.ts";

const destinationTypes = await loadDestinationTypes();

function warnings(sources: object[], destinations: Record<string, object>): readonly string[] {
  const input = {
    sources: sources.map((source, index) => ({ name: `s${index}`, writeKey: `key${index}`, ...source })),
    destinations: Object.fromEntries(
      Object.entries(destinations).map(([name, more]) => [name, { type: "file", path: "./x", ...more }]),
    ),
  };
  return checkConfig(input, { directory: "/", environment: {}, types: destinationTypes }).warnings;
}

test("sources without destinations and destinations without sources are warned of", () => {
  assert.deepEqual(warnings([{ destinations: ["a"] }, { destinations: ["a", "b"] }], { a: {}, b: {} }), []);
  assert.deepEqual(warnings([{}, { destinations: ["a"] }], { a: {}, b: {} }), [
    'the source "s0" has no destinations: its events are stored and go nowhere',
    'the destination "b" gets nothing: no source that is enabled names it',
  ]);
});

test("what is not enabled is at rest on purpose, and connects nothing", () => {
  assert.deepEqual(warnings([{ enabled: false }, { destinations: ["a"] }], { a: {}, b: { enabled: false } }), []);
  assert.deepEqual(
    warnings([{ destinations: ["off"] }, { enabled: false, destinations: ["a"] }], { a: {}, off: { enabled: false } }),
    [
      'the source "s0" has no destination that is enabled: its events are stored and go nowhere',
      'the destination "a" gets nothing: no source that is enabled names it',
    ],
  );
});
