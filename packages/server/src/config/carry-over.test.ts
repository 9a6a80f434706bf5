import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDestinationTypes, loadTranslators } from "@pintle/destinations";
import fc from "fast-check";
import { ServerError } from "../errors.ts";
import { carryOver } from "./carry-over.ts";
import { checkConfig } from "./check-config.ts";
import { formatPath, InvalidConfigError, parsePath } from "./problem.ts";

const types = await loadDestinationTypes();
const options = { shownAs: "workspaceConfig.json", types, translators: await loadTranslators() };
const checking = { directory: "/", environment: {}, types };

function carried(input: unknown) {
  const translation = carryOver(input, options);
  assert.ok(translation !== undefined);
  return translation;
}

const hook = {
  id: "2bHook",
  name: "Hook",
  enabled: true,
  isProcessorEnabled: true,
  config: { webhookUrl: "https://hooks.example/x", headers: [{ from: "x-key", to: "secret-of-hook" }] },
  destinationDefinition: { name: "WEBHOOK", displayName: "Webhook" },
  transformations: [],
};
const warehouse = {
  id: "2bWarehouse",
  name: "Warehouse",
  config: {
    host: "db.example",
    database: "shop",
    user: "u",
    password: "pass-of-db",
    namespace: "shop",
    sslMode: "disable",
  },
  destinationDefinition: { name: "POSTGRES", displayName: "Postgres" },
};
const workspace = {
  workspaceId: "w1",
  sources: [
    {
      id: "2bShop",
      name: "Shop",
      writeKey: "wk_shop",
      enabled: true,
      sourceDefinition: { name: "Javascript" },
      destinations: [hook, { ...warehouse, config: { ...warehouse.config, jsonPaths: "track.properties.cart" } }],
    },
    { id: "2bApp", name: "App", writeKey: "wk_app", sourceDefinition: { name: "Go" }, destinations: [hook] },
  ],
};

function withConfig(destination: object, config: object, more: object = {}) {
  const changed = {
    ...destination,
    ...more,
    config: { ...("config" in destination ? (destination.config as object) : {}), ...config },
  };
  return {
    ...workspace,
    sources: [{ ...workspace.sources[0], destinations: [changed, { ...hook, id: "good", name: "Good" }] }],
  };
}

test("an old JSON path is left out alone, and named", () => {
  const { config, omitted } = carried(
    withConfig(warehouse, { jsonPaths: "cart.items, track.properties.cart,address" }),
  );
  assert.deepEqual(config.destinations.Warehouse?.jsonPaths, ["track.properties.cart"]);
  assert.equal(omitted.length, 2);
  assert.match(
    omitted[0] ?? "",
    /^destination "Warehouse": its JSON path "cart\.items": a JSON path is like "track\.properties/,
  );
  assert.match(omitted[1] ?? "", /^destination "Warehouse": its JSON path "address": /);
  const none = carried(withConfig(warehouse, { jsonPaths: "cart.items, address" }));
  assert.equal(none.config.destinations.Warehouse?.jsonPaths, undefined);
  checkConfig(none.config, checking);
});

test("a destination that cannot be used is left out and named, be it disabled or not", () => {
  for (const enabled of [true, false]) {
    const { config, omitted } = carried(withConfig(hook, { webhookUrl: "not a URL" }, { enabled }));
    assert.deepEqual([Object.keys(config.destinations), config.sources[0]?.destinations], [["Good"], ["Good"]]);
    assert.equal(omitted.length, 1);
    assert.match(omitted[0] ?? "", /^destination "Hook": all of it: url: .*got "not a URL"$/);
    checkConfig(config, checking);
  }
});

test("a source that cannot be used is left out and named", () => {
  const odd = { ...workspace.sources[1], id: "odd", name: "Odd", writeKey: "with:colon" };
  const { config, omitted } = carried({ ...workspace, sources: [...workspace.sources, odd] });
  assert.deepEqual(
    config.sources.map(({ name }) => name),
    ["Shop", "App"],
  );
  assert.equal(omitted.length, 1);
  assert.match(omitted[0] ?? "", /^source "Odd": all of it: writeKey: /);
  assert.ok(!omitted.join().includes("with:colon"));
});

test("a file with several workspaces says so, and one of them can be meant", () => {
  const other = { ...workspace, workspaceId: "W1", name: "Staging" };
  const files: unknown[] = [
    { w1: workspace, W1: other },
    { workspaces: { w1: workspace, W1: other, broken: null } },
    { workspaces: [workspace, other] },
    [workspace, other],
  ];
  for (const file of files) {
    assert.throws(
      () => carryOver(file, options),
      (error) => {
        assert.ok(error instanceof ServerError);
        assert.equal(error.code, "PINTLE_CONFIG_INVALID");
        assert.match(error.message, /^workspaceConfig\.json: has several workspaces; say which one: --workspace ID/);
        assert.match(error.message, /there are "w1"; "W1", called Staging\)$/);
        return true;
      },
    );
    assert.equal(carryOver(file, { ...options, workspace: "W1" })?.config.sources.length, 2);
    assert.throws(() => carryOver(file, { ...options, workspace: "w2" }), /has no workspace "w2"/);
  }
  assert.throws(
    () => carryOver([workspace, workspace], { ...options, workspace: "w1" }),
    /several workspaces with the id "w1"/,
  );
  const { workspaceId: _id, ...nameless } = workspace;
  assert.throws(() => carryOver([nameless, other], options), /there are "1"; "W1"/);
  assert.equal(carryOver([nameless, other], { ...options, workspace: "1" })?.config.sources.length, 2);
  assert.equal(carryOver({ workspaces: { w1: workspace } }, options)?.config.sources.length, 2, "one is meant");
  assert.equal(carryOver(workspace, { ...options, workspace: "w1" })?.config.sources.length, 2);
  assert.throws(() => carryOver(workspace, { ...options, workspace: "w2" }), /there is "w1"/);
});

test("what is not of RudderStack is none", () => {
  for (const input of [
    null,
    5,
    [],
    {},
    { sources: [] },
    { sources: [{ name: "s", writeKey: "k", destinations: ["a"] }] },
  ]) {
    assert.equal(carryOver(input, options), undefined);
  }
});

test("a path is read as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.nat(), fc.constantFrom("a", "a b", '"', "]", "1"))), (path) => {
      assert.deepEqual(parsePath(formatPath(path)), path);
    }),
  );
});

/** Every place in a value, as the keys that lead there. */
function placesIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

function changed(value: unknown, [key, ...rest]: readonly (string | number)[], into: unknown): unknown {
  if (key === undefined) return into;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  if (rest.length === 0 && into === undefined) delete copy[key];
  else copy[key] = changed(copy[key], rest, into);
  return copy;
}

const places = placesIn(workspace).filter(({ length }) => length > 1);
const values = fc.constantFrom<unknown>(
  ...[null, undefined, true, false, 0, 7, "", "x", "true", "__proto__", "constructor", [], {}, [[]], [null], { a: {} }],
);

test("whatever of a file is changed: it is never refused, what is left passes the checks, and what is missing is named", () => {
  const before = carried(workspace);
  assert.deepEqual(before.omitted, []);
  const change = fc.tuple(fc.constantFrom(...places), values);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let file: unknown = workspace;
      for (const [place, value] of changes) {
        const isThere = place
          .slice(0, -1)
          .reduce<unknown>((here, key) => (here as Record<string, unknown> | null | undefined)?.[key], file);
        if (typeof isThere === "object" && isThere !== null) file = changed(file, place, value);
      }
      const { config, omitted } = carried(file);
      try {
        checkConfig(config, checking);
      } catch (error) {
        assert.ok(error instanceof InvalidConfigError);
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          ["sources"],
          "nothing but that no source is left",
        );
      }
      const count = ({ sources, destinations }: typeof config) =>
        sources.length + Object.keys(destinations).length + sources.flatMap((source) => source.destinations).length;
      const isDeleted = changes.some(
        ([place, value]) => value === undefined || place.at(-1) === "destinations" || place.at(-1) === "deleted",
      );
      if (count(config) < count(before.config) && !isDeleted) assert.ok(omitted.length > 0, JSON.stringify(file));
      for (const line of omitted) assert.ok(!/secret-of-hook|pass-of-db/.test(line), line);
    }),
    { numRuns: 2000 },
  );
});
