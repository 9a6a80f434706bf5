import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { HttpRequest, Outcome, Sender } from "@pintle/kit";
import { secretsOf } from "@pintle/kit/host";
import fc from "fast-check";
import { http } from "./http.ts";

/** What is used of saxes, whose own types do not compile under `exactOptionalPropertyTypes`. */
interface XmlParser {
  on(name: "error", listener: (error: Error) => void): void;
  on(name: "opentag", listener: (tag: { name: string; attributes: Record<string, { value: string }> }) => void): void;
  on(name: "text", listener: (text: string) => void): void;
  on(name: "closetag", listener: () => void): void;
  write(text: string): XmlParser;
  close(): void;
}
const { SaxesParser } = createRequire(import.meta.url)("saxes") as {
  SaxesParser: new (options: { xmlns: boolean }) => XmlParser;
};

async function deliver(settings: object, event: object): Promise<{ request?: HttpRequest; outcome: Outcome }> {
  const sent: HttpRequest[] = [];
  const sender: Sender = {
    async send(request) {
      sent.push(request);
      return { status: 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const tools = { directory: "/", now: () => 0, userAgent: "Pintle", sender };
  const connection = await http.open(http.settings.parse({ url: "https://api.example/", ...settings }), tools);
  const whole = { type: "track", messageId: "m", timestamp: "2026-01-01T00:00:00.000Z", ...event };
  const [outcome] = await connection.deliver([whole as unknown as DeliveredEvent]);
  await connection.close();
  return { ...(sent[0] === undefined ? {} : { request: sent[0] }), outcome: outcome! };
}

const hostile = fc.oneof(
  fc.constantFrom(
    "..",
    ".",
    "",
    "/",
    "//evil.example",
    "%2e%2e",
    "..\\",
    "?",
    "#",
    "@",
    "\r\nx: y",
    "\u0000",
    "\ud800",
    "]]>",
    "&amp;",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);

test("no value gets out of its place in a URL", async () => {
  const settings = { url: "https://api.example/a/{{userId}}/b-{{userId}}?q={{userId}}&r=1", query: { s: "$.userId" } };
  await fc.assert(
    fc.asyncProperty(hostile, async (userId) => {
      const { request, outcome } = await deliver(settings, { userId });
      if (request === undefined) {
        assert.ok(outcome.outcome === "dead" && ["missing_value", "invalid_value"].includes(outcome.reason));
        assert.ok(["", ".", ".."].includes(userId));
        return;
      }
      const whole = Buffer.from(userId).toString();
      const { origin, pathname, searchParams, hash } = new URL(request.url);
      assert.deepEqual([origin, hash], ["https://api.example", ""]);
      const [, a, one, two, ...rest] = pathname.split("/").map(decodeURIComponent);
      assert.deepEqual([a, one, two, rest], ["a", whole, `b-${whole}`, []]);
      assert.deepEqual(
        [...searchParams],
        [
          ["q", whole],
          ["r", "1"],
          ["s", whole],
        ],
      );
    }),
  );
});

test("no value gets out of a header", async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (userId) => {
      const { request, outcome } = await deliver({ headers: { "x-user": "<{{userId}}>" }, body: {} }, { userId });
      if (request === undefined) assert.ok(outcome.outcome === "dead" && outcome.reason === "invalid_value");
      else assert.deepEqual([request.headers["x-user"], /[\r\n\0]/.test(userId)], [`<${userId}>`, false]);
    }),
  );
});

// As `JSON.parse` makes it: `__proto__` is a key like any other.
const object = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(hostile, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    hostile,
    fc.constantFrom(null, true, 0, 1.5, 157963456373623803n),
    fc.array(tie("value"), { maxLength: 3 }),
    object(tie("value")),
  ),
}));

test("a form decodes to what was put in, each value under its own name", async () => {
  const settings = { format: "form", body: { a: "$.properties.a", b: { c: "{{userId}}" } } };
  await fc.assert(
    fc.asyncProperty(anything, hostile, async (a, userId) => {
      const { request } = await deliver(settings, { userId, properties: { a } });
      const wanted: [string, string][] = [];
      const add = (name: string, value: unknown): void => {
        if (typeof value !== "object") wanted.push([name, Buffer.from(String(value)).toString()]);
        else if (value !== null) {
          for (const [key, inner] of Object.entries(value)) {
            if (!/[[\]]/.test(key)) add(`${name}[${Buffer.from(key).toString()}]`, inner);
          }
        }
      };
      add("a", a);
      add("b[c]", userId);
      assert.deepEqual([...new URLSearchParams(String(request?.body))], wanted);
    }),
  );
});

test("a document is well-formed whatever an event holds, and texts come out as they went in", async () => {
  const settings = { format: "xml", body: { all: "$.properties", id: { "@of": "{{userId}}", "#text": "$.userId" } } };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML forbids
  const forbidden = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]|\p{Surrogate}/gu;
  await fc.assert(
    fc.asyncProperty(object(anything), hostile, async (properties, userId) => {
      const { request, outcome } = await deliver(settings, { userId, properties });
      const id: { of?: string; text: string } = { text: "" };
      const parser = new SaxesParser({ xmlns: true });
      let depth = 0;
      let isId = false;
      parser.on("error", (error) => assert.fail(error.message));
      parser.on("opentag", ({ name, attributes }) => {
        depth++;
        isId = depth === 2 && name === "id";
        if (isId) id.of = attributes.of!.value;
      });
      parser.on("text", (text) => {
        if (isId) id.text += text;
      });
      parser.on("closetag", () => {
        depth--;
        isId = false;
      });
      parser.write(String(request?.body)).close();
      const allowed = userId.replace(forbidden, "");
      assert.deepEqual(id, { of: allowed, text: allowed });
      const isCut = allowed.length < userId.length;
      const adjusted = outcome.outcome === "delivered" ? (outcome.adjusted ?? []) : [];
      assert.equal(
        adjusted.some(({ detail }) => detail === "body.id.@of"),
        isCut,
      );
    }),
  );
});

test("a body over 10 MB is given up", async () => {
  const { outcome } = await deliver(
    { body: { text: "$.properties.text" } },
    { properties: { text: "x".repeat(10_000_000) } },
  );
  assert.ok(outcome.outcome === "dead");
  assert.deepEqual(
    [outcome.reason, outcome.detail],
    ["too_large", "the body has 10000011 bytes, and at most 10000000 are sent"],
  );
  const fits = await deliver({ body: { text: "$.properties.text" } }, { properties: { text: "x".repeat(9_999_989) } });
  assert.equal(fits.outcome.outcome, "delivered");
});

test("what may be a key is a secret", () => {
  const parsed = http.settings.parse({
    url: "https://api.example/",
    headers: { "x-key": "in-header" },
    auth: { basic: { username: "ada", password: "of-ada" } },
  });
  assert.deepEqual(secretsOf(http.settings, parsed).sort(), ["in-header", "of-ada"]);
  for (const [auth, secret] of [
    [{ bearer: "token-b" }, "token-b"],
    [{ apiKey: { header: "x-k", value: "key-h" } }, "key-h"],
    [{ apiKey: { query: "k", value: "key-q" } }, "key-q"],
  ] as const) {
    const settings = http.settings.parse({ url: "https://api.example/", auth });
    assert.deepEqual([...new Set(secretsOf(http.settings, settings))], [secret]);
  }
});

test("what came from the environment is hidden, wherever it stands in the settings", async () => {
  const key = "k3y-of-the-crm-91";
  const sender: Sender = {
    send: async ({ body }) => ({ status: 400, headers: {}, body: `no: ${JSON.stringify(body)}` }),
    close: async () => {},
  };
  const settings = http.settings.parse({ url: "https://api.example/", body: { api: { key } } });
  const tools = { directory: "/", now: () => 0, userAgent: "Pintle", sender, secrets: [key] };
  const connection = await http.open(settings, tools);
  const [outcome] = await connection.deliver([{ messageId: "m" } as DeliveredEvent]);
  assert.ok(outcome?.outcome === "dead");
  assert.equal(outcome.request?.body, '{"api":{"key":"[redacted]"}}');
  assert.equal(outcome.answer?.body, String.raw`no: "{\"api\":{\"key\":\"[redacted]\"}}"`.replaceAll("\\\\", "\\"));
});

test("the output of the settings is valid input again", () => {
  const settings = http.settings.parse({
    url: "https://api.example/{{userId}}",
    headers: { "X-A": "$.a" },
    body: { a: ["$.b", null] },
    batch: { events: 5 },
    timeout: "1s",
  });
  assert.deepEqual(http.settings.parse(settings), settings);
});

test("a request is signed as a webhook's is", async () => {
  const { request } = await deliver({ signingKey: `whsec_${Buffer.alloc(32, 5).toString("base64")}`, body: {} }, {});
  assert.deepEqual([request?.headers["webhook-id"], request?.headers["webhook-timestamp"]], ["m", "0"]);
  assert.match(request?.headers["webhook-signature"] ?? "", /^v1,/);
});
