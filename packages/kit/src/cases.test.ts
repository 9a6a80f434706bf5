import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { type CaseResult, readCases, runCases } from "./cases.ts";
import type { DestinationType } from "./contract.ts";
import { defineDestination } from "./define-destination.ts";
import { delivered } from "./outcome.ts";

const crm = defineDestination<{ key: string }>({
  type: "crm",
  displayName: "CRM",
  description: "a test",
  settings: { key: z.string().min(2, "A key has two letters").describe("a key") },
  accepts: ({ userId }) => (userId === "guest" ? "unsupported" : true),
  requests: ([event], { key }, { now }) => {
    if (event?.userId === undefined) throw new Error("no user");
    return [
      {
        method: "PUT",
        url: `http://crm/${event.userId}`,
        headers: { "X-Key": key },
        body: `{"now":${now}}`,
        gzip: true,
        adjusted: event.userId === "long" ? [[0, "clipped", "userId"]] : [],
      },
    ];
  },
});

async function problemsOf(one: object): Promise<readonly string[]> {
  const results: CaseResult[] = await runCases(crm, readCases({ destination: "crm", cases: [{ name: "it", ...one }] }));
  assert.deepEqual(
    results.map(({ name }) => name),
    ["it"],
  );
  return results[0]!.problems;
}

const settings = { key: "k1" };
const events = [{ userId: "7" }];
const request = {
  method: "PUT",
  url: "http://crm/7",
  headers: { "x-key": "k1", "Content-Encoding": "gzip" },
  body: { now: 86_400_000 },
};
const now = "1970-01-02T00:00:00Z";

test("a case says what is filtered, and what was changed", async () => {
  const filtered = { outcome: "filtered", reason: "unsupported" };
  assert.deepEqual(
    await problemsOf({ settings, events: [{ userId: "guest" }], requests: [], outcomes: [filtered] }),
    [],
  );
  const adjusted = [{ reason: "clipped", detail: "userId" }];
  const long = { settings, events: [{ userId: "long" }] };
  assert.deepEqual(await problemsOf({ ...long, outcomes: [{ outcome: "delivered", adjusted }] }), []);
  assert.deepEqual(await problemsOf({ ...long, outcomes: [{ adjusted: [], outcome: "delivered" }] }), [
    'outcomes[0].adjusted[0]: expected nothing, got {"reason":"clipped","detail":"userId"}',
  ]);
});

test("a case holds when everything that it says is so", async () => {
  assert.deepEqual(await problemsOf({ settings, events, now, requests: [request], outcomes: ["delivered"] }), []);
  assert.deepEqual(await problemsOf({ settings, events, now, requests: [{ body: '{"now":86400000}' }] }), []);
  assert.deepEqual(await problemsOf({ settings: { key: "k" }, refused: "two letters" }), []);
  const answers = [{ status: 429, headers: { "retry-after": "3" } }];
  const outcome = { outcome: "retry", scope: "destination", reason: "http_429", after: 3000 };
  assert.deepEqual(await problemsOf({ settings, events, answers, outcomes: [outcome] }), []);
  assert.deepEqual(
    await problemsOf({ settings, events: [{}], requests: [], outcomes: [{ outcome: "dead", reason: "request" }] }),
    [],
  );
});

const broken: [what: string, one: object, ...problems: string[]][] = [
  [
    "a wrong URL",
    { requests: [{ ...request, url: "http://crm/8" }] },
    'requests[0].url: expected "http://crm/8", got "http://crm/7"',
  ],
  [
    "a header too few",
    { requests: [{ headers: { "content-encoding": "gzip" } }] },
    'requests[0].headers.x-key: expected nothing, got "k1"',
  ],
  [
    "a wrong body",
    { requests: [{ body: { now: 1, more: [] } }] },
    "requests[0].body.now: expected 1, got 86400000",
    "requests[0].body.more: expected [], got nothing",
  ],
  [
    "a request too many",
    { requests: [] },
    'requests[0]: expected nothing, got {"method":"PUT","url":"http://crm/7","headers":{"x-key":"k1","content-encoding":"gzip"},"body":{"now":86400000}}',
  ],
  [
    "a request that does not come",
    { requests: [{}, { method: "GET" }] },
    'requests[1]: expected {"method":"GET"}, got nothing',
  ],
  [
    "a wrong outcome",
    { outcomes: [{ outcome: "dead", reason: "own" }] },
    'outcomes[0].outcome: expected "dead", got "delivered"',
    'outcomes[0].reason: expected "own", got nothing',
  ],
  [
    "a failure",
    { answers: [{ status: 400 }], outcomes: ["delivered"] },
    'outcomes[0]: expected "delivered", got {"outcome":"dead","reason":"http_400"}',
  ],
  ["no outcome for an event", { outcomes: [] }, 'outcomes[0]: expected nothing, got "delivered"'],
  ["nothing to compare", {}, "has neither requests nor outcomes to compare"],
  ["settings that are taken", { refused: "x" }, 'expected the settings to be refused with "x", and they are taken'],
  ["settings that are refused", { settings: {}, requests: [] }, "settings.key: is missing; expected a string"],
  [
    "refused for something else",
    { settings: { key: "k" }, refused: "three" },
    'expected the settings to be refused with "three", got "key: A key has two letters"',
  ],
  ["no events", { events: undefined, requests: [] }, "has no events"],
  ["a key that is none", { request: [] }, 'the case is wrong: unknown key "request"'],
];
for (const [what, one, ...problems] of broken) {
  test(`a case does not hold: ${what}`, async () => {
    assert.deepEqual(await problemsOf({ settings, events, now, ...one }), problems);
  });
}

test("a table that cannot be read says why", () => {
  assert.throws(() => readCases({ destination: "crm", cases: [] }), /the table is wrong: cases: /);
  assert.throws(() => readCases([]), /the table is wrong: /);
});

test("a type that is no HTTP is not opened", async () => {
  let opened = 0;
  const disk = defineDestination<object>({
    type: "disk",
    displayName: "Disk",
    description: "a test",
    settings: {},
    open: async () => {
      opened++;
      return { deliver: async () => [delivered], close: async () => {} };
    },
  });
  await assert.rejects(runCases(disk, { destination: "disk", cases: [{}] }), /"disk" makes no requests/);
  assert.equal(opened, 0);
});

test("a form is compared decoded, and so are lines of JSON", async () => {
  const bodies = (headers: Record<string, string>, body: string) =>
    defineDestination<object>({
      type: "test",
      displayName: "Test",
      description: "a test",
      settings: {},
      requests: () => [{ method: "POST", url: "http://h/", headers, body }],
    }) as DestinationType;
  const ran = async (type: DestinationType, body: unknown) => {
    const event = { type: "track", userId: "u" };
    const [result] = await runCases(type, {
      destination: "test",
      cases: [{ name: "a", events: [event], requests: [{ body }] }],
    });
    return result?.problems;
  };
  const form = bodies({ "content-type": "application/x-www-form-urlencoded" }, "b=2&a=1");
  assert.deepEqual(await ran(form, { a: "1", b: "2" }), []);
  assert.deepEqual(await ran(form, "b=2&a=1"), []);
  assert.deepEqual(await ran(form, { a: "1", b: "3" }), ['requests[0].body.b: expected "3", got "2"']);
  const lines = bodies({ "content-type": "application/x-ndjson" }, '{"a":1}\n{"a":2}\n');
  assert.deepEqual(await ran(lines, [{ a: 1 }, { a: 2 }]), []);
});

test("cases try out, forget, and say what is to be done by hand", async () => {
  const made = (more: object) =>
    defineDestination<object>({
      type: "test",
      displayName: "Test",
      description: "a test",
      settings: {},
      requests: () => [{ method: "POST", url: "http://h/", headers: {} }],
      ...more,
    }) as DestinationType;
  const ran = async (type: DestinationType, more: object) => {
    const [result] = await runCases(type, { destination: "test", cases: [{ name: "a", ...more }] });
    return result?.problems;
  };
  const get = (url: string) => ({ method: "GET", url, headers: {} });
  const trying = made({ tryOut: { credentials: () => get("http://h/me") } });
  const tries = { tryOut: true, events: [{ type: "track", userId: "u" }], requests: [{ url: "http://h/me" }] };
  assert.deepEqual(
    await ran(trying, {
      ...tries,
      answers: [{ status: 401 }],
      outcomes: [{ reason: "credentials", outcome: "retry" }],
    }),
    [],
  );
  assert.deepEqual(await ran(trying, { ...tries, requests: [{ url: "http://h/me" }, { url: "http://h/" }] }), []);
  const forgetting = made({
    forget: { requests: ([person]: { userId?: string }[]) => [get(`http://h/${person?.userId}`)] },
  });
  const asked = { forget: [{ userId: "ada" }], outcomes: ["delivered"] };
  assert.deepEqual(await ran(forgetting, { ...asked, requests: [{ url: "http://h/ada" }] }), []);
  assert.equal((await ran(forgetting, { ...asked, requests: [{ url: "http://h/bob" }] }))?.length, 1);
  const byHand = made({ forget: { manual: () => "delete the row" } });
  assert.deepEqual(await ran(byHand, { forget: [{ userId: "ada" }], manual: "the row" }), []);
  assert.equal((await ran(byHand, { forget: [{ userId: "ada" }], manual: "the column" }))?.length, 1);
});
