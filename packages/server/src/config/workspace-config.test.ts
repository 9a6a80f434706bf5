import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDestinationTypes, loadTranslators } from "@pintle/destinations";
import fc from "fast-check";
import { checkConfig } from "./check-config.ts";
import { isWorkspaceConfig, translateWorkspace } from "./workspace-config.ts";

const types = await loadDestinationTypes();
const translators = await loadTranslators();

const hook = {
  id: "2bHookId",
  name: "Orders hook",
  enabled: true,
  config: {
    webhookUrl: "https://hooks.example/orders",
    webhookMethod: "PUT",
    headers: [
      { from: "authorization", to: "Bearer secret-token" },
      { from: "", to: "" },
    ],
    eventFilteringOption: "whitelistedEvents",
    whitelistedEvents: [{ eventName: "Order Completed" }, { eventName: " " }],
    blacklistedEvents: [{ eventName: "Not this one" }],
    consentManagement: [
      { provider: "oneTrust", consents: [{ consent: "C0001" }, { consent: "" }], resolutionStrategy: "" },
    ],
    connectionMode: { web: "cloud" },
    somethingNew: { depth: 2 },
  },
  destinationDefinition: { name: "WEBHOOK", displayName: "Webhook" },
  transformations: [{ id: "t1", name: "scrub" }],
};

const warehouse = {
  id: "2bWarehouse",
  name: "Warehouse",
  enabled: false,
  config: {
    host: "db.example",
    port: "5433",
    database: "shop data",
    user: "loader",
    password: "p@ss/word",
    namespace: "shop",
    sslMode: "require",
    syncFrequency: "30",
    useRudderStorage: true,
    jsonPaths: "track.properties.cart, identify.traits.x",
    skipUsersTable: true,
    allowUsersContextTraits: false,
    blacklistedEvents: [{ eventName: "Page Viewed" }],
    eventFilteringOption: "blacklistedEvents",
  },
  destinationDefinition: { name: "POSTGRES", displayName: "Postgres" },
  transformations: [],
};

const analytics = {
  id: "2bAnalytics",
  name: "GA4 prod",
  config: { apiSecret: "very-secret" },
  destinationDefinition: { name: "GA4", displayName: "Google Analytics 4 (GA4)" },
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
      config: {},
      destinations: [hook, warehouse, analytics],
    },
    {
      id: "2bApp",
      name: "App",
      writeKey: "wk_app",
      enabled: false,
      sourceDefinition: { name: "Go" },
      dgSourceTrackingPlanConfig: { trackingPlan: { id: "tp" } },
      destinations: [hook, { ...warehouse, id: "2bOther" }, { ...hook, id: "2bGone", deleted: true }],
    },
    { id: "2bCloud", name: "Stripe", sourceDefinition: { name: "Stripe", category: "cloud" }, destinations: [] },
  ],
};

test("sources, destinations and what they filter by become a configuration", () => {
  const { config, omitted } = translateWorkspace(workspace, translators);
  assert.deepEqual(config.sources, [
    {
      id: "2bshop",
      rudderStackId: "2bShop",
      name: "Shop",
      writeKey: "wk_shop",
      destinations: ["Orders hook", "Warehouse"],
    },
    {
      id: "2bapp",
      rudderStackId: "2bApp",
      name: "App",
      writeKey: "wk_app",
      enabled: false,
      destinations: ["Orders hook", "Warehouse (2bOther)"],
    },
  ]);
  const { "Orders hook": first, Warehouse: second, ...others } = config.destinations;
  assert.deepEqual(first, {
    type: "webhook",
    id: "2bhookid",
    rudderStackId: "2bHookId",
    url: "https://hooks.example/orders",
    method: "PUT",
    headers: { authorization: "Bearer secret-token" },
    consent: { ids: ["C0001"] },
    only: {
      types: ["identify", "page", "screen", "group", "alias", "merge"],
      events: ["Order Completed"],
    },
  });
  assert.deepEqual(second, {
    type: "postgres",
    id: "2bwarehouse",
    rudderStackId: "2bWarehouse",
    enabled: false,
    url: "postgres://loader:p%40ss%2Fword@db.example:5433/shop%20data",
    tls: "no-verify",
    namespace: "shop",
    jsonPaths: ["track.properties.cart", "identify.traits.x"],
    skipUsers: true,
    contextTraits: false,
    except: { events: ["Page Viewed"] },
  });
  assert.deepEqual(Object.keys(others), ["Warehouse (2bOther)"]);
  assert.deepEqual(omitted, [
    'destination "Orders hook": its transformation: write it as `transform` of the destination',
    'destination "Orders hook": its setting somethingNew',
    'destination "GA4 prod": Pintle has no destination of its type, Google Analytics 4 (GA4)',
    'source "App": its tracking plan',
    'source "Stripe": it has no write key, so no SDK sends to it',
  ]);
});

test("what it becomes passes the checks", () => {
  const { config } = translateWorkspace(workspace, translators);
  const checked = checkConfig(config, { directory: "/srv", environment: {}, types });
  assert.deepEqual(
    checked.destinations.map(({ id, type, enabled }) => [id, type, enabled]),
    [
      ["2bhookid", "webhook", true],
      ["2bwarehouse", "postgres", false],
      ["2bother", "postgres", false],
    ],
  );
  assert.ok(!checked.redact("Bearer secret-token, wk_shop").includes("secret-token"));
});

function translated(config: object, definition = "WEBHOOK") {
  const destination = { id: "d", name: "d", config, destinationDefinition: { name: definition } };
  const source = { id: "s", name: "s", writeKey: "k", destinations: [destination] };
  const { config: result, omitted } = translateWorkspace({ sources: [source] }, translators);
  return { entry: result.destinations.d, omitted };
}

test("a user in the URL of a webhook becomes a header", () => {
  const { entry } = translated({ webhookUrl: "https://me:p%40ss@hooks.example/x" });
  assert.deepEqual(
    [entry?.url, entry?.headers],
    ["https://hooks.example/x", { authorization: `Basic ${btoa("me:p@ss")}` }],
  );
  const odd = translated({ webhookUrl: "https://me:50%@hooks.example/x" });
  assert.deepEqual(odd.entry?.headers, { authorization: `Basic ${btoa("me:50%")}` });
});

test("a method that a webhook does not have leaves the destination out", () => {
  assert.deepEqual(translated({ webhookUrl: "https://x.example", webhookMethod: "HEAD" }), {
    entry: undefined,
    omitted: ['destination "d": all of it: the webhook of Pintle sends no HEAD'],
  });
  for (const method of ["GET", "DELETE"]) {
    const entry = { id: "d", type: "webhook", url: "https://x.example", method };
    assert.deepEqual(translated({ webhookUrl: "https://x.example", webhookMethod: method }), { entry, omitted: [] });
  }
});

test("half a filter, and a header that cannot be sent, are named", () => {
  const of = (config: object) => translated({ webhookUrl: "https://x.example", ...config });
  for (const [config, what] of [
    [
      { eventFilteringOption: "allow", whitelistedEvents: [{ eventName: "x" }] },
      /eventFilteringOption: a text, where one of/,
    ],
    [
      { eventFilteringOption: "whitelistedEvents", whitelistedEvents: [{ name: "x" }] },
      /whitelistedEvents\[0\]: an object, where/,
    ],
    [{ consentManagement: [{ provider: "oneTrust", consents: [{ id: "ads" }] }] }, /consents\[0\]: an object, where/],
    [{ consentManagement: { web: [{ ids: ["ads"] }] } }, /consentManagement\.web\[0\]: an object, where/],
  ] as const) {
    const { entry, omitted } = of(config);
    assert.equal(entry, undefined);
    assert.match(omitted.join(), what);
  }
  assert.deepEqual(of({ headers: [{ from: "", to: "x" }] }).omitted, ['destination "d": its header without a name']);
  for (const nothing of [{ from: "", to: "" }, {}, { from: null }])
    assert.deepEqual(of({ headers: [nothing] }).omitted, []);
});

test("consents of one manager are carried over, of several that differ they are not", () => {
  const consents = [{ consent: "a" }];
  const one = (config: object) => translated({ webhookUrl: "https://x.example", ...config });
  assert.deepEqual(one({ consentManagement: [{ provider: "ketch", consents }] }).entry?.consent, {
    ids: ["a"],
    strategy: "or",
  });
  assert.deepEqual(one({ oneTrustCookieCategories: [{ oneTrustCookieCategory: "b" }] }).entry?.consent, { ids: ["b"] });
  assert.deepEqual(one({ ketchConsentPurposes: [{ purpose: "p" }] }).entry?.consent, { ids: ["p"], strategy: "or" });
  const byKind = { web: [{ consents }], cloud: [{ consents, resolutionStrategy: "and" }] };
  assert.deepEqual(one({ consentManagement: byKind }).entry?.consent, { ids: ["a"] });
  const several = one({ consentManagement: [{ consents }, { consents: [{ consent: "b" }] }] });
  assert.equal(several.entry?.consent, undefined);
  assert.equal(several.entry?.enabled, false, "else it would get what somebody has denied it");
  assert.match(several.omitted[0] ?? "", /its consents: they differ/);
});

test("a configuration of Pintle is not taken for one of RudderStack", () => {
  const own = { sources: [{ name: "shop", writeKey: "k", destinations: ["hook"] }], destinations: {} };
  assert.equal(isWorkspaceConfig(own), false);
  for (const input of [undefined, null, [], {}, { sources: {} }, { sources: [null, 1] }]) {
    assert.equal(isWorkspaceConfig(input), false);
  }
  assert.equal(isWorkspaceConfig(workspace), true);
});

test("whatever stands in a file, translating it does not fail", () => {
  const keys = fc.constantFrom(
    ...["sources", "destinations", "config", "destinationDefinition", "name", "id", "writeKey", "headers", "host"],
    ...["webhookUrl", "whitelistedEvents", "eventFilteringOption", "consentManagement", "consents", "transformations"],
  );
  const values = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, true, 7, "", "WEBHOOK", "POSTGRES", "x", "https://u:%@x.example", "__proto__"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(keys, tie("any"), { maxKeys: 6 }),
    ),
  })).any;
  fc.assert(
    fc.property(values, values, values, (one, config, name) => {
      const destination = { name, config, destinationDefinition: { name: "WEBHOOK" } };
      const other = { ...destination, destinationDefinition: { name: "POSTGRES" } };
      translateWorkspace(
        { sources: [one, { name, writeKey: "k", destinations: [one, destination, other] }] },
        translators,
      );
    }),
  );
});

test("what was left out is named as the configuration names the destination", () => {
  const named = (id: string, config: object) => ({ ...hook, id, name: "Same", transformations: [], config });
  const config = { webhookUrl: "https://hooks.example/x" };
  const destinations = [named("a", config), named("b", { ...config, strange: 1 })];
  const { config: result, omitted } = translateWorkspace(
    { sources: [{ id: "s", name: "shop", writeKey: "wk", destinations }] },
    translators,
  );
  assert.deepEqual(Object.keys(result.destinations as object), ["Same", "Same (b)"]);
  assert.deepEqual(omitted, ['destination "Same (b)": its setting strange']);
});

const webhookOf = (id: string, more: object = {}) => ({
  id,
  name: id,
  config: { webhookUrl: "https://hooks.example/x" },
  destinationDefinition: { name: "WEBHOOK" },
  ...more,
});

function connected(sources: readonly object[]) {
  const named = sources.map((source, index) => ({
    id: `s${index}`,
    name: `s${index}`,
    writeKey: `key${index}`,
    ...source,
  }));
  const { config, omitted } = translateWorkspace({ sources: named }, translators);
  return {
    sources: config.sources.map(({ destinations }) => destinations),
    destinations: config.destinations,
    omitted,
  };
}

test("where isProcessorEnabled is false nothing is sent", () => {
  const off = { isProcessorEnabled: false };
  const alone = connected([{ destinations: [webhookOf("a", off), webhookOf("b", { isProcessorEnabled: true })] }]);
  assert.deepEqual([alone.destinations.a?.enabled, alone.destinations.b?.enabled], [false, undefined]);
  assert.deepEqual([alone.sources, alone.omitted], [[["a", "b"]], []]);

  // In a browser its own code sends to it; what a server sends goes there from here.
  const mixed = connected([{ destinations: [webhookOf("a", off)] }, { destinations: [webhookOf("a")] }]);
  assert.deepEqual([mixed.sources, mixed.destinations.a?.enabled], [[[], ["a"]], undefined]);
  assert.deepEqual(mixed.omitted, [
    'source "s0": its destination "a": isProcessorEnabled is false there, so it gets nothing of it',
  ]);

  const source = connected([{ ...off, destinations: [webhookOf("a")] }]);
  assert.deepEqual([source.sources, Object.keys(source.destinations)], [[[]], ["a"]]);
  assert.deepEqual(source.omitted, ['source "s0": isProcessorEnabled is false, so nothing of it goes anywhere']);
});

test("ids that differ in capitals only are both kept", () => {
  const { sources, destinations } = connected([
    { id: "S", destinations: [webhookOf("2aB"), webhookOf("2ab")] },
    { id: "s" },
  ]);
  assert.deepEqual(sources, [["2aB", "2ab"], []]);
  assert.equal(destinations["2ab"]?.id, "2ab");
  assert.match(String(destinations["2aB"]?.id), /^2ab-[0-9a-f]{8}$/);
});

test("what stands twice is one; what says something else the second time is named", () => {
  const { sources, destinations, omitted } = connected([
    { destinations: [webhookOf("a"), webhookOf("", { name: "n" }), webhookOf("", { name: "n", enabled: false })] },
    { destinations: [webhookOf("a", { enabled: false }), webhookOf("", { name: "n" })] },
    { writeKey: "key0" },
  ]);
  assert.deepEqual(sources, [
    ["a", "n", "n (2)"],
    ["a", "n"],
  ]);
  assert.deepEqual(Object.keys(destinations), ["a", "n", "n (2)"]);
  assert.deepEqual(omitted, [
    'destination "a": what source "s1" says of it, which is something else',
    'source "s2": all of it: its write key is that of the source "s0"',
  ]);
});

test("the whole event in a column is carried over", () => {
  const { entry } = translated({ host: "db.example", database: "d", user: "u", storeFullEvent: true }, "POSTGRES");
  assert.equal(entry?.rudderEvent, true);
});

test("a header named env is not taken for a variable of the environment", () => {
  const { entry } = translated({ webhookUrl: "https://x.example", headers: [{ from: "env", to: "HOME" }] });
  assert.deepEqual(entry?.headers, { Env: "HOME" });
});

const odd: [what: string, config: object, line: RegExp][] = [
  [
    "a setting of another kind",
    { webhookUrl: ["https://x.example"] },
    /all of it: its setting webhookUrl: a list, where/,
  ],
  [
    "a list that is none",
    { webhookUrl: "https://x.example", headers: "x: y" },
    /all of it: its setting headers: a text/,
  ],
  [
    "a list of something else",
    { webhookUrl: "https://x.example", headers: [7] },
    /headers\[0\]: a number, where an object/,
  ],
  [
    "a filter of which half can be read",
    {
      webhookUrl: "https://x.example",
      eventFilteringOption: "blacklistedEvents",
      blacklistedEvents: [{ eventName: {} }],
    },
    /blacklistedEvents\[0\]\.eventName: an object, where a text belongs/,
  ],
  [
    "consents of which half can be read",
    { webhookUrl: "https://x.example", consentManagement: { web: [{ consents: "C1" }] } },
    /its setting consents: a text, where a list belongs/,
  ],
];
for (const [what, config, line] of odd) {
  test(`a destination with ${what} is left out and named`, () => {
    const { entry, omitted } = translated(config);
    assert.equal(entry, undefined);
    assert.match(omitted.join("\n"), line);
  });
}
