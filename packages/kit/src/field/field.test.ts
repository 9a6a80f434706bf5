import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { type EventFields, field } from "./field.ts";

function of(event: object): EventFields {
  return field({
    messageId: "m",
    timestamp: "2026-01-01T00:00:00.000Z",
    request_ip: "192.0.2.1",
    ...event,
  } as unknown as DeliveredEvent);
}

type Row = [event: object, read: (fields: EventFields) => unknown, expected: unknown];

const tables: Readonly<Record<string, readonly Row[]>> = {
  ids: [
    [{ userId: " ada " }, (f) => f.userId, "ada"],
    [{ userId: 42 }, (f) => f.userId, "42"],
    [{ userId: 157963456373623803n }, (f) => f.userId, "157963456373623803"],
    [{ userId: " ", traits: { userId: "t", id: "i" } }, (f) => f.userId, "t"],
    [{ traits: { id: "i" } }, (f) => f.userId, "i"],
    [{ type: "group", traits: { id: "acme" } }, (f) => f.userId, undefined],
    [{ type: "Group", traits: { id: "acme" }, context: { traits: { id: "c" } } }, (f) => f.userId, "c"],
    [{ anonymousId: "a" }, (f) => f.anyId, "a"],
    [{ anonymousId: "a", userId: "u" }, (f) => f.anyId, "u"],
    [{ userId: ["u"], anonymousId: { a: 1 } }, (f) => f.anyId, undefined],
    [{ context: { sessionId: 1700000000 } }, (f) => f.sessionId, "1700000000"],
    [{ context: { externalId: [{ type: "x" }, { type: "x", id: 7 }] } }, (f) => f.externalId("x"), "7"],
    [{ context: { externalId: [{ type: "x", id: "1" }] } }, (f) => f.externalId("y"), undefined],
  ],
  traits: [
    [{ type: "identify", traits: { a: 1 }, context: { traits: { a: 0, b: 2 } } }, (f) => f.traits, { a: 1, b: 2 }],
    [{ type: "alias", traits: { a: 1 } }, (f) => f.traits, { a: 1 }],
    [{ type: "track", traits: { a: 1 }, context: { traits: { b: 2 } } }, (f) => f.traits, { b: 2 }],
    [{ type: "group", traits: { a: 1 } }, (f) => f.groupTraits, { a: 1 }],
    [{ type: "identify", traits: { a: 1 } }, (f) => f.groupTraits, {}],
    [{ type: "identify", traits: ["a"] }, (f) => f.traits, {}],
  ],
  person: [
    [{ type: "identify", traits: { email: " ada@example.com " } }, (f) => f.email, "ada@example.com"],
    [{ context: { traits: { email: "no address" } }, properties: { email: "b@c.de" } }, (f) => f.email, "b@c.de"],
    ...["a@b", "@b.de", "a@b.de.", "a b@c.de", "a@b@c.de"].map(
      (email): Row => [{ properties: { email } }, (f) => f.email, undefined],
    ),
    [{ context: { traits: { phone: 4915112345 } } }, (f) => f.phone, "4915112345"],
    [{ context: { traits: { mobile: "+49 151" } } }, (f) => f.phone, "+49 151"],
    [{ properties: { phone: "1" } }, (f) => f.phone, "1"],
    [{ context: { traits: { first_name: "Ada", lastname: "King" } } }, (f) => f.name, "Ada King"],
    [{ context: { traits: { name: "Ada King Noel" } } }, (f) => [f.firstName, f.lastName], ["Ada", "King Noel"]],
    [{ context: { traits: { name: "Ada" } } }, (f) => [f.firstName, f.lastName, f.name], ["Ada", undefined, "Ada"]],
    [{ context: { traits: { created_at: 1700000000 } } }, (f) => f.createdAt, "1700000000"],
    [{ context: { traits: { company: "Acme" } } }, (f) => f.company, { name: "Acme" }],
    [{ context: { traits: { company: { id: 1 } } } }, (f) => f.company, { id: 1 }],
    [{ context: { traits: { company: {} } } }, (f) => f.company, undefined],
    [
      { context: { traits: { address: { city: "Köln", postalCode: 50667 }, region: "NW", street: "Dom" } } },
      (f) => f.address,
      { street: "Dom", city: "Köln", state: "NW", postalCode: "50667", country: undefined },
    ],
  ],
  page: [
    [{ type: "page", properties: { title: "a" }, context: { page: { title: "b" } } }, (f) => f.page.title, "a"],
    [{ type: "track", properties: { title: "a" }, context: { page: { title: "b" } } }, (f) => f.page.title, "b"],
    [{ type: "track", properties: { title: "a", url: "/u" } }, (f) => [f.page.title, f.page.url], [undefined, "/u"]],
    [{ context: { campaign: { source: "news" } } }, (f) => f.campaign.source, "news"],
    [
      { context: { campaign: { source: "news" }, page: { url: "/?utm_source=x&utm_campaign=may+%26#?utm_term=t" } } },
      (f) => [f.campaign.source, f.campaign.name, f.campaign.term],
      ["news", "may &", undefined],
    ],
    [{ context: { page: { url: "https://a.example/x?gclid=g%201" } } }, (f) => f.clickId("gclid"), "g 1"],
    [{ context: { gclid: "c", traits: { gclid: "t" } } }, (f) => f.clickId("gclid"), "t"],
    [{ properties: { fbclid: 5 }, context: { fbclid: "c" } }, (f) => f.clickId("fbclid"), "5"],
    [{ name: "Start", category: "Docs" }, (f) => [f.pageName(), f.pageName(true)], ["Start", "Docs Start"]],
    [{ properties: { name: "Start" } }, (f) => f.pageName(true), "Start"],
    [{}, (f) => [f.pageName(), f.pageName(true)], [undefined, undefined]],
  ],
  context: [
    [{}, (f) => f.ip, "192.0.2.1"],
    [{ channel: "server" }, (f) => f.ip, undefined],
    [{ channel: "server", context: { ip: "198.51.100.7" } }, (f) => f.ip, "198.51.100.7"],
    [{ context: { device: { token: "t" }, os: "iOS" } }, (f) => [f.device, f.os], [{ token: "t" }, {}]],
    [
      { context: { locale: "de-DE", timezone: 1, userAgent: "" } },
      (f) => [f.locale, f.timezone, f.userAgent],
      ["de-DE", undefined, undefined],
    ],
    [{}, (f) => f.time, "2026-01-01T00:00:00.000Z"],
  ],
};

for (const [name, rows] of Object.entries(tables)) {
  describe(name, () => {
    for (const [event, read, expected] of rows) {
      const shown = JSON.stringify(event, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
      test(`${shown}: ${String(read)}`, () => assert.deepEqual(read(of(event)), expected));
    }
  });
}

const texts = [
  ...["userId", "anonymousId", "anyId", "email", "phone", "firstName", "lastName", "name", "birthday", "gender"],
  ...["avatar", "title", "website", "createdAt", "ip", "userAgent", "locale", "timezone", "sessionId"],
] as const;
const objects = [
  "traits",
  "groupTraits",
  "properties",
  "device",
  "os",
  "app",
  "screen",
  "network",
  "location",
] as const;

test("whatever clients send, a text is one that is not blank, an object is one, and nothing is JavaScript's own", () => {
  const key = fc.constantFrom(
    ...["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "length"],
    ...["type", "userId", "id", "traits", "context", "properties", "email", "phone", "name", "company", "address"],
    ...["page", "url", "campaign", "source", "externalId", "device", "token", "sessionId", "city", "firstName", "ip"],
  );
  const leaf = fc.oneof(
    fc.constantFrom(
      null,
      undefined,
      "",
      " ",
      "identify",
      "group",
      "page",
      "a@b.de",
      "/?utm_source=%&gclid=%E0%A4%A",
      0,
      -0,
      7n,
    ),
    fc.string(),
    fc.double(),
    fc.boolean(),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("object")),
    // As `JSON.parse` makes it: `__proto__` is a key like any other.
    object: fc.array(fc.tuple(key, tie("value")), { maxLength: 8 }).map((entries) => Object.fromEntries(entries)),
  }));
  const event = fc.array(fc.tuple(key, value), { maxLength: 10 }).map((entries) => Object.fromEntries(entries));
  const isText = (found: unknown): boolean =>
    found === undefined || (typeof found === "string" && found !== "" && found.trim() === found);
  fc.assert(
    fc.property(event, key, (given, name) => {
      const fields = of(given);
      const all = [
        ...texts.map((text) => fields[text]),
        ...Object.values(fields.page),
        ...Object.values(fields.campaign),
        ...Object.values(fields.address),
        ...[fields.clickId(name), fields.externalId(name), fields.pageName(), fields.pageName(true)],
      ];
      for (const found of all) assert.ok(isText(found), String(found));
      for (const each of objects) {
        const found = fields[each];
        assert.ok(typeof found === "object" && found !== null && !Array.isArray(found), each);
      }
      const { company } = fields;
      assert.ok(company === undefined || (typeof company === "object" && Object.keys(company).length > 0));
      assert.deepEqual(of(given).traits, fields.traits);
    }),
  );
});
