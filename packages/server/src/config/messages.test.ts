import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDestinationTypes } from "@pintle/destinations";
import { checkConfig } from "./check-config.ts";
import { keysAt } from "./issues.ts";
import { type ConfigProblem, InvalidConfigError } from "./problem.ts";
import { commonDestinationKeys } from "./schema.ts";

const destinationTypes = await loadDestinationTypes();

/* What is said about every setting there is, whatever stands in it. */

const badValues: readonly unknown[] = [
  ...[0, -1, 1.5, 1e308, -1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53],
  ...["", " ", "x", "5", "-1s", "1e999d", "99999999999999999999d", "0.5B", "999999GB", "\u0000", "x".repeat(500)],
  ...[true, null, undefined, [], [null], [[]], ["", 5], {}, { x: 1 }, { env: 5 }, () => 5, Symbol("x"), 10n],
  ...[{ events: 0 }, { events: 1.5, bytes: -1 }, { events: 1e308, bytes: "1TB" }, { ids: [], types: [""] }],
];

/** Settings that each type needs. */
const needed: Readonly<Record<string, object>> = {
  webhook: { url: "http://127.0.0.1:9" },
  relay: { url: "http://127.0.0.1:9", writeKey: "wk" },
  file: { path: "x" },
  postgres: { url: "postgres://localhost/x" },
};

function problemsOf(input: unknown): readonly ConfigProblem[] {
  try {
    checkConfig(input, { directory: "/", environment: {}, types: destinationTypes });
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError, String(error));
    return error.problems;
  }
}

function shown(place: string, value: unknown): string {
  return `${place}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
}

/** Every key of a configuration with every bad value in it, one at a time. */
function* mistakes(): Generator<[mistake: string, problems: readonly ConfigProblem[]]> {
  const source = { name: "shop", writeKey: "wk_shop" };
  for (const value of badValues) {
    for (const key of ["sources", "destinations", "other"]) {
      yield [shown(key, value), problemsOf({ sources: [source], [key]: value })];
    }
    yield [shown("whole", value), problemsOf(value)];
    for (const key of ["id", "name", "writeKey", "enabled", "destinations", "rateLimit", "other"]) {
      yield [shown(`sources.${key}`, value), problemsOf({ sources: [{ ...source, [key]: value }] })];
    }
    for (const [name, { settings }] of destinationTypes) {
      for (const key of [...commonDestinationKeys, ...keysAt(settings, [])!, "other"]) {
        const entry = { type: name, ...needed[name], [key]: value };
        yield [shown(`${name}.${key}`, value), problemsOf({ sources: [source], destinations: { d: entry } })];
      }
    }
  }
}

test("no message is zod's, says a thing twice, or says nothing", () => {
  let count = 0;
  for (const [mistake, problems] of mistakes()) {
    for (const { path, message } of problems) {
      count++;
      const where = `${mistake}: ${path}: ${message}`;
      assert.doesNotMatch(message, /invalid input|too (small|big)|received|unrecognized|\[object|must be/i, where);
      assert.doesNotMatch(message, /^\W|[:,;]\s*$|\n/, where);
      assert.ok(message.length < 500, where);
      const clauses = message.split(/[:;,()]\s*/).filter((clause) => clause.length > 5);
      assert.equal(new Set(clauses).size, clauses.length, where);
    }
    const places = problems.map(({ path }) => path);
    assert.equal(new Set(places).size, places.length, `${mistake}: more than one line about one place`);
    const told = problems.map(({ path, message }) => `${path}: ${message}`);
    assert.equal(new Set(told).size, told.length, `${mistake}: ${told.join("\n")}`);
  }
  assert.ok(count > 1000, String(count));
});

test("no number is taken that is none, or so large or small that a pause of it would be for ever or nothing", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e308, -1e308, 5e-324, -1]) {
    const source = { name: "shop", writeKey: "wk_shop" };
    assert.notDeepEqual(problemsOf({ sources: [{ ...source, rateLimit: value }] }), [], String(value));
    for (const [name, { settings }] of destinationTypes) {
      for (const key of [...commonDestinationKeys, ...keysAt(settings, [])!]) {
        const entry = { type: name, ...needed[name], [key]: value };
        const problems = problemsOf({ sources: [source], destinations: { d: entry } });
        assert.notDeepEqual(problems, [], `${name}.${key}: ${value}`);
      }
    }
  }
});
