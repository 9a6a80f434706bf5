import assert from "node:assert/strict";
import { test } from "node:test";
import { RudderStackSettings } from "../rudderstack/settings.ts";
import { http } from "./http.ts";
import { translator } from "./rudderstack.ts";

function translated(config: object) {
  const omitted: string[] = [];
  const read = new RudderStackSettings(config as Record<string, unknown>);
  const settings = translator.translate(read, (what) => omitted.push(what));
  if (settings !== undefined) {
    const { success, error } = http.settings.safeParse(settings);
    assert.ok(success, JSON.stringify(error?.issues));
  }
  return { settings, omitted, untouched: read.untouched(), malformed: read.malformed };
}

const nothing = { omitted: [], untouched: [], malformed: [] };

test("a destination with everything is carried over", () => {
  const config = {
    apiUrl: "https://crm.example/people/",
    pathParams: [{ path: "$.userId" }, { path: "a b" }, { path: "$.traits['x y']" }],
    method: "PUT",
    auth: "apiKeyAuth",
    apiKeyName: "x-key",
    apiKeyValue: "secret",
    headers: [
      { to: "x-plan", from: "$.traits.plan" },
      { to: "x-fixed", from: "'a'" },
      { to: "", from: "" },
    ],
    queryParams: [
      { to: "q", from: '"$.text"' },
      { to: "t", from: "{{x}}" },
    ],
    format: "JSON",
    isDefaultMapping: false,
    propertiesMapping: [
      { to: "$.person.mail", from: "$.traits.email" },
      { to: "$.list[0].id", from: "$.products[*].id" },
      { to: "$['odd key']", from: "'constant'" },
      { to: "plain", from: "12" },
    ],
    isBatchingEnabled: true,
    maxBatchSize: "50",
  };
  assert.deepEqual(translated(config), {
    ...nothing,
    settings: {
      url: "https://crm.example/people/{{userId}}/a%20b/{{traits['x y']}}",
      method: "PUT",
      headers: { "x-plan": "$.traits.plan", "x-fixed": "a" },
      query: { q: "$$.text", t: '{{"{{"}}x}}' },
      auth: { apiKey: { header: "x-key", value: "secret" } },
      body: {
        person: { mail: "$.traits.email" },
        list: [{ id: "$.products[*].id" }],
        "odd key": "constant",
        plain: "12",
      },
      batch: { events: 50 },
    },
  });
});

test("each kind of auth and format is carried over", () => {
  const base = { apiUrl: "https://a.example/x", isDefaultMapping: true };
  const auth = (more: object) => translated({ ...base, ...more }).settings;
  assert.deepEqual(auth({ auth: "noAuth" }), { url: "https://a.example/x" });
  assert.deepEqual(auth({ auth: "basicAuth", username: "u", password: "p" })?.auth, {
    basic: { username: "u", password: "p" },
  });
  assert.deepEqual(auth({ auth: "bearerTokenAuth", bearerToken: "t" })?.auth, { bearer: "t" });
  assert.deepEqual(auth({ format: "FORM" })?.format, "form");
  assert.deepEqual(auth({ format: "XML", xmlRootKey: "person" }), {
    url: "https://a.example/x",
    format: "xml",
    xmlRoot: "person",
  });
});

test("what cannot be carried over is named", () => {
  const { settings, omitted } = translated({
    apiUrl: "https://a.example/x",
    method: "POST",
    format: "FORM",
    isBatchingEnabled: true,
    isDefaultMapping: false,
    propertiesMapping: [
      { to: "a", from: "$.b[?(@.c > 1)]" },
      { to: "c", from: "$..d" },
      { to: "e", from: "$.f" },
    ],
    queryParams: [{ to: "g", from: "$.h.length()" }],
    pathParams: [{ path: "$.i[0:2]" }],
  });
  assert.deepEqual(settings, { url: "https://a.example/x", format: "form", body: { e: "$.f" } });
  assert.deepEqual(omitted, [
    "its pathParams: a path with filters or functions",
    "its queryParams g: a path with filters or functions",
    "its propertiesMapping a: a path with filters or functions",
    "its propertiesMapping c: a path with filters or functions",
    "its batches: Pintle sends them as JSON only",
  ]);
  assert.deepEqual(translated({ apiUrl: "https://a.example", method: "HEAD" }).settings, undefined);
});
