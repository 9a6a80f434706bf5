import assert from "node:assert/strict";
import { test } from "node:test";
import { secret } from "@pintle/kit";
import fc from "fast-check";
import { z } from "zod";
import { checkConfig } from "./check-config.ts";
import type { DataPlaneConfig } from "./config.ts";
import { idPattern } from "./id.ts";
import { InvalidConfigError } from "./problem.ts";

const types = new Map<string, { settings: z.ZodType }>([
  [
    "webhook",
    {
      settings: z.object({
        url: z.url({ protocol: /^https?$/ }),
        method: z.enum(["POST", "PUT", "PATCH"]).default("POST"),
        headers: z.record(z.string(), z.string()).optional(),
        retry: z.strictObject({ maxAge: z.number() }).optional(),
      }),
    },
  ],
  ["file", { settings: z.strictObject({ path: z.string().min(1) }) }],
]);

function check(input: unknown, environment: Record<string, string> = {}): DataPlaneConfig {
  return checkConfig(input, { directory: "/srv", environment, types });
}

function problemsOf(input: unknown, environment: Record<string, string> = {}): string[] {
  try {
    check(input, environment);
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError, String(error));
    assert.equal(error.message.split("\n").length, error.problems.length, "one line for each problem");
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const shop = { name: "shop", writeKey: "wk_shop", destinations: ["hook"] };
const hook = { type: "webhook", url: "http://127.0.0.1:9000/events" };

test("completes what a short configuration leaves out", () => {
  const { sources, destinations, directory } = check({
    sources: [{ ...shop, name: "Café Shop (EU)", destinations: ["hook", "Audit log"] }],
    destinations: { hook, "Audit log": { type: "file", path: "./events.jsonl" } },
  });
  assert.equal(directory, "/srv");
  assert.deepEqual(sources, [
    {
      id: "cafe-shop-eu",
      name: "Café Shop (EU)",
      writeKeys: ["wk_shop"],
      enabled: true,
      destinations: ["hook", "audit-log"],
    },
  ]);
  assert.deepEqual(destinations, [
    {
      id: "hook",
      name: "hook",
      type: "webhook",
      enabled: true,
      settings: { url: "http://127.0.0.1:9000/events", method: "POST" },
    },
    { id: "audit-log", name: "Audit log", type: "file", enabled: true, settings: { path: "./events.jsonl" } },
  ]);
});

test("takes ids, several write keys, a rate limit and enabled: false as they are given", () => {
  const { sources, destinations } = check({
    sources: [{ ...shop, id: "s_1", writeKey: ["old_key", "new_key", "old_key"], enabled: false, rateLimit: 0.5 }],
    destinations: { hook: { ...hook, id: "d-1", enabled: false } },
  });
  const [source] = sources;
  assert.deepEqual(source?.writeKeys, ["old_key", "new_key"]);
  assert.deepEqual([source?.id, source?.enabled, source?.rateLimit], ["s_1", false, 0.5]);
  assert.deepEqual(source?.destinations, ["d-1"]);
  assert.deepEqual([destinations[0]?.id, destinations[0]?.enabled], ["d-1", false]);
});

test("takes what a destination filters by", () => {
  const { destinations } = check({
    sources: [shop],
    destinations: {
      hook: {
        ...hook,
        consent: { ids: ["marketing"] },
        rateLimit: 2.5,
        only: { types: ["identify"], events: ["Order Completed"] },
        except: { types: ["merge"] },
      },
    },
  });
  assert.equal(destinations[0]?.rateLimit, 2.5);
  assert.deepEqual(destinations[0]?.filter, {
    consent: { ids: ["marketing"], strategy: "and" },
    only: { types: ["identify"], events: ["Order Completed"] },
    except: { types: ["merge"], events: [] },
  });
});

test("a transformation is known by where it stands, and has limits", () => {
  const given = { sources: [shop], destinations: { hook: { ...hook, transform: () => null, transformTimeout: "2s" } } };
  const options = {
    file: "/srv/pintle.config.ts",
    text: "export default ...",
    run: "r1",
    directory: "/srv",
    environment: {},
    types,
  };
  const { destinations } = checkConfig(given, options);
  assert.deepEqual(destinations[0]?.transform, {
    file: "/srv/pintle.config.ts",
    text: "export default ...",
    run: "r1",
    timeout: 2000,
    memory: 128,
  });
  structuredClone(destinations);
});

const refused: [name: string, input: unknown, ...problems: string[]][] = [
  ["no object", 5, ": expected an object, got 5"],
  ["nothing", undefined, ": is missing; expected an object"],
  ["no sources", {}, "sources: is missing; expected a list"],
  ["an empty list of sources", { sources: [] }, "sources: at least one source is needed, got a list of 0"],
  [
    "a mistyped key",
    { sources: [{ name: "shop", wrietKey: "k" }], destination: {} },
    "sources[0].writeKey: is missing; expected a string or a list",
    'sources[0].wrietKey: unknown key; did you mean "writeKey"? (allowed: id, rudderStackId, name, writeKey, enabled, destinations, rateLimit)',
    'destination: unknown key; did you mean "destinations"? (allowed: sources, destinations, memory, engine, router)',
  ],
  [
    "values of the wrong kind",
    { sources: [{ name: "", writeKey: 7, enabled: "yes", destinations: "hook", rateLimit: -1 }] },
    'sources[0].name: a name is not empty, got ""',
    "sources[0].writeKey: expected a string or a list, got 7",
    'sources[0].enabled: expected a boolean, got "yes"',
    'sources[0].destinations: expected a list, got "hook"',
    "sources[0].rateLimit: a limit is a number of events a second, from 0.001 to 1000000000, got -1",
  ],
  [
    "a write key that Basic authentication cannot carry, without showing it",
    { sources: [{ name: "shop", writeKey: ["fine_key", "very:secret"] }] },
    "sources[0].writeKey[1]: a write key is 1 to 256 visible ASCII characters without a colon, got a string (hidden)",
  ],
  [
    "no write key",
    { sources: [{ name: "shop", writeKey: [] }] },
    "sources[0].writeKey: at least one write key is needed, got a list of 0",
  ],
  [
    "filters that select nothing, or mean something else than they say",
    {
      sources: [shop],
      destinations: {
        hook: { ...hook, only: {}, except: { types: ["trak"], event: ["x"] } },
        two: { ...hook, only: { types: ["track"], events: ["Order Completed"] }, consent: { ids: [] } },
        three: { ...hook, rateLimit: 0, only: ["track"], consent: { ids: ["a"], strategy: "any" } },
      },
    },
    "destinations.hook.only: it needs types, events or both, got an object",
    'destinations.hook.except.types[0]: expected one of "identify", "track", "page", "screen", "group", "alias", "merge", got "trak"; did you mean "track"?',
    'destinations.hook.except.event: unknown key; did you mean "events"? (allowed: types, events)',
    "destinations.two.consent.ids: at least one id is needed, got a list of 0",
    'destinations.two.only.events: every track is meant already, since types has "track", got a list of 1',
    "destinations.three.rateLimit: a limit is a number of events a second, from 0.001 to 1000000000, got 0",
    'destinations.three.consent.strategy: expected one of "and", "or", got "any"; did you mean "and"?',
    "destinations.three.only: expected an object, got a list of 1",
  ],
  [
    "a transformation that is none, and limits that are none",
    {
      sources: [shop],
      destinations: { hook: { ...hook, transform: "drop", transformTimeout: "1ms", transformMemory: 8 } },
    },
    'destinations.hook.transform: it is a function (event, context) => event, a list of events, or null, got "drop"',
    'destinations.hook.transformTimeout: it is between 10ms and 1m, got "1ms"',
    "destinations.hook.transformMemory: it is at least 32 (MB), got 8",
  ],
  [
    "an id that does not fit",
    { sources: [{ ...shop, id: "My Shop" }], destinations: { hook } },
    'sources[0].id: an id is 1 to 64 of a-z, 0-9, _ and -, got "My Shop"',
  ],
  [
    "a name of which no id can be made",
    { sources: [{ name: "商店", writeKey: "wk_shop" }] },
    'sources[0]: no id can be made of the name "商店"; give it one: id: "..."',
  ],
  [
    "two of one id",
    {
      sources: [
        { name: "Shop", writeKey: "key_a" },
        { name: "shop", writeKey: "key_b" },
      ],
    },
    'sources[1]: has the id "shop", which sources[0] has already; give it another: id: "..."',
  ],
  [
    "two destinations of one id",
    { sources: [shop], destinations: { hook, HOOK: hook } },
    'destinations.HOOK: has the id "hook", which destinations.hook has already; give it another: id: "..."',
  ],
  [
    "two sources with one write key, without showing it",
    { sources: [shop, { ...shop, name: "other", writeKey: ["fresh_key", "wk_shop"] }], destinations: { hook } },
    "sources[1].writeKey: is a write key of sources[0] already",
  ],
  [
    "a destination that is not there",
    { sources: [{ ...shop, destinations: ["hok", "zzz"] }], destinations: { hook } },
    'sources[0].destinations[0]: no destination is called "hok"; did you mean "hook"? (destinations: hook)',
    'sources[0].destinations[1]: no destination is called "zzz" (destinations: hook)',
  ],
  [
    "a destination where there are none",
    { sources: [shop] },
    'sources[0].destinations[0]: no destination is called "hook" (there are no destinations)',
  ],
  [
    "a type that is not there",
    { sources: [shop], destinations: { hook: { type: "webhok" } } },
    'destinations.hook.type: unknown type "webhok"; did you mean "webhook"? (types: webhook, file)',
  ],
  ["no type", { sources: [shop], destinations: { hook: {} } }, "destinations.hook.type: is missing; expected a string"],
  [
    "settings that the type refuses",
    {
      sources: [shop],
      destinations: { hook: { type: "webhook", url: "ftp://user:pass@host", method: "PSOT", retry: { maxage: 5 } } },
    },
    'destinations.hook.url: expected a URL, got "ftp://[redacted]@host"',
    'destinations.hook.method: expected one of "POST", "PUT", "PATCH", got "PSOT"; did you mean "POST"?',
    "destinations.hook.retry.maxAge: is missing; expected a number",
    'destinations.hook.retry.maxage: unknown key; did you mean "maxAge"? (allowed: maxAge)',
  ],
  [
    "a header that is no string, and a header's value is never shown",
    { sources: [shop], destinations: { hook: { ...hook, headers: { authorization: 5, "x y": ["Bearer abcdef"] } } } },
    "destinations.hook.headers.authorization: expected a string, got 5",
    'destinations.hook.headers["x y"]: expected a string, got a list of 1',
  ],
  [
    "a setting that the type does not know, even if its schema would drop it",
    { sources: [shop], destinations: { hook: { ...hook, metod: "PUT" } } },
    'destinations.hook.metod: unknown key; did you mean "method"? (allowed: url, method, headers, retry, type, id, rudderStackId, enabled, rateLimit, consent, only, except, transform, transformTimeout, transformMemory)',
  ],
];

for (const [name, input, ...problems] of refused) {
  test(`refuses ${name}`, () => assert.deepEqual(problemsOf(input), problems));
}

test("takes secrets from the environment, in both spellings, anywhere", () => {
  const config = check(
    {
      sources: [{ ...shop, writeKey: [{ env: "OLD_KEY" }, "other_key"] }],
      destinations: { hook: { ...hook, headers: { authorization: { env: "HOOK_TOKEN" } } } },
    },
    { OLD_KEY: "wk_from_env", HOOK_TOKEN: "Bearer s3cret" },
  );
  assert.deepEqual(config.sources[0]?.writeKeys, ["wk_from_env", "other_key"]);
  assert.deepEqual(config.destinations[0]?.settings, {
    url: hook.url,
    method: "POST",
    headers: { authorization: "Bearer s3cret" },
  });
  assert.deepEqual(config.destinations[0]?.secrets, ["Bearer s3cret"]);
  assert.equal(
    config.redact("401 for Bearer s3cret with wk_from_env, other_key; wk_shop is nobody's here"),
    "401 for [redacted] with [redacted], [redacted]; wk_shop is nobody's here",
  );
});

test("hides what the schema of a destination marks as secret, wherever it came from", () => {
  const typesWithSecret = new Map([["crm", { settings: z.strictObject({ token: secret(z.string()) }) }]]);
  const input = { sources: [{ ...shop, destinations: [] }], destinations: { crm: { type: "crm", token: "tok-123" } } };
  const { redact } = checkConfig(input, { directory: "/srv", environment: {}, types: typesWithSecret });
  assert.equal(redact("refused: tok-123"), "refused: [redacted]");
});

test("a variable that is unset or empty is one problem, and a value out of it is never shown", () => {
  const input = {
    sources: [{ ...shop, writeKey: { env: "KEY" } }],
    destinations: { hook: { type: "webhook", url: { env: "URL" }, method: { env: "METHOD" } } },
  };
  assert.deepEqual(problemsOf(input, { URL: "", METHOD: "secret-method" }), [
    "sources[0].writeKey: the environment variable KEY is not set, or empty",
    "destinations.hook.url: the environment variable URL is not set, or empty",
    'destinations.hook.method: expected one of "POST", "PUT", "PATCH", got the value of the environment variable METHOD',
  ]);
  assert.deepEqual(problemsOf(input, { KEY: "a_good_key", URL: "secret-url", METHOD: "secret-method" }), [
    "destinations.hook.url: expected a URL, got the value of the environment variable URL",
    'destinations.hook.method: expected one of "POST", "PUT", "PATCH", got the value of the environment variable METHOD',
  ]);
});

/**
 * Configurations that are nearly right: every place holds a value that is right, nearly right, or
 * anything.
 */
function nearly(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue() });
}

const key = fc.oneof(fc.constantFrom("hook", "audit", "__proto__", "constructor", "Ä"), fc.string());
const nearConfig = fc.record(
  {
    sources: nearly(
      fc.array(
        fc.record(
          {
            name: nearly(key),
            id: nearly(fc.constantFrom("a", "b")),
            writeKey: nearly(fc.constantFrom("key_one", "key_two", ["key_three", "key_four"], { env: "KEY" })),
            enabled: nearly(fc.boolean()),
            destinations: nearly(fc.array(key)),
          },
          { requiredKeys: ["name", "writeKey"] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
    ),
    destinations: nearly(
      fc.dictionary(key, nearly(fc.constantFrom(hook, { type: "file", path: "x" }, { type: "file", id: "hook" }))),
    ),
  },
  { requiredKeys: ["sources"] },
);

test("property: whatever stands in the file, the answer is a sound configuration or a list of problems", () => {
  fc.assert(
    fc.property(nearConfig, (input) => {
      const before = JSON.stringify(input);
      let config: DataPlaneConfig;
      try {
        config = check(input, { KEY: "from_environment" });
      } catch (error) {
        assert.ok(error instanceof InvalidConfigError, `not a InvalidConfigError: ${error}`);
        assert.ok(error.problems.length > 0);
        assert.ok(!error.message.includes("from_environment"));
        return;
      } finally {
        assert.equal(JSON.stringify(input), before, "the input is not written to");
      }
      const ids = config.destinations.map(({ id }) => id);
      const keys = config.sources.flatMap(({ writeKeys }) => writeKeys);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(new Set(keys).size, keys.length);
      for (const { id } of [...config.sources, ...config.destinations]) assert.match(id, idPattern);
      for (const { destinations } of config.sources) for (const id of destinations) assert.ok(ids.includes(id));
    }),
    { numRuns: 300 },
  );
});

test("problems of what all destinations have do not hide those of their settings", () => {
  const problems = problemsOf({
    sources: [{ name: "shop", writeKey: "wk", destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url: "ftp://x", rateLimit: 0 } },
  });
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? "", /^destinations\.hook\.rateLimit: /);
  assert.match(problems[1] ?? "", /^destinations\.hook\.url: /);
});
