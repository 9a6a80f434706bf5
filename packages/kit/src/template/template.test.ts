import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { mapped, readMapping } from "./mapping.ts";
import { scopeOf } from "./scope.ts";
import { readTemplate, rendered, TemplateError } from "./template.ts";

const event = {
  type: "track",
  event: "Order Completed",
  userId: "ada",
  messageId: "m",
  timestamp: "2026-01-01T00:00:00.000Z",
  properties: {
    total: 7.5,
    order: 157963456373623803n,
    paid: true,
    none: null,
    blank: " ",
    empty: "",
    "a b": { 'c"d': "odd" },
    products: [{ sku: "a" }, { sku: null }, { sku: "b", tags: ["x", "y"] }],
  },
  context: { traits: { email: "ada@example.com" } },
} as unknown as DeliveredEvent;
const scope = scopeOf(event, Date.UTC(2026, 0, 2));

function render(text: string): string {
  return rendered(readTemplate(text), scope);
}

describe("a template", () => {
  const rows: [template: string, text: string][] = [
    ["", ""],
    ["no places } }} {", "no places } }} {"],
    ["{{userId}} has {{ event }}", "ada has Order Completed"],
    ["{{properties.total}}|{{properties.paid}}|{{properties.order}}", "7.5|true|157963456373623803"],
    ["{{properties.none}}{{nothing.at.all}}", ""],
    ['{{properties.none | "no"}}{{ nothing|"" }}', "no"],
    ["{{properties.blank | 'blank'}}{{properties.empty | \"empty\"}}", "blankempty"],
    ["{{properties.blank}}.", " ."],
    ['{{properties.total | "none"}}', "7.5"],
    ["{{properties['a b']['c\"d']}} {{ ['userId'] }}", "odd ada"],
    ['{{properties["a b"]["c\\"d"]}}', "odd"],
    ["{{properties.products[0].sku}}{{properties.products.2.sku}}", "ab"],
    ["{{properties.products[*].sku}}", '["a","b"]'],
    ["{{properties.products[*].tags[*]}}", '["x","y"]'],
    ["{{properties.products[9].sku}}{{properties.total[0]}}{{userId.length}}{{properties.products.length}}", ""],
    ["{{properties['a b']}}", '{"c\\"d":"odd"}'],
    ["{{user.email}} {{user.id}} {{user.phone | 'none'}}", "ada@example.com ada none"],
    ['{{"{{"}}userId}}', "{{userId}}"],
    ["{{constructor}}{{__proto__}}{{properties.toString}}{{properties.products.map}}", ""],
  ];
  for (const [template, text] of rows) {
    test(JSON.stringify(template), () => assert.equal(render(template), text));
  }
});

describe("a template that is none says where and what is right", () => {
  const rows: [template: string, message: RegExp][] = [
    ["a {{userId", /^"\{\{userId": \}\} is missing$/],
    ["{{}}", /a path is missing/],
    ["{{#if a}}x{{/if}}", /^"\{\{#if a\}\}": blocks, helpers and partials/],
    ["{{{raw}}}", /blocks, helpers/],
    ["{{> partial}}", /blocks, helpers/],
    ["{{!-- comment --}}", /blocks, helpers/],
    ["{{upper userId}}", /a place is a path/],
    ["{{$.userId}}", /a path begins with a name/],
    ["{{a..b}}", /a place is a path/],
    ["{{a.}}", /a place is a path/],
    ["{{a[-1]}}", /a place is a path/],
    ["{{a[1:2]}}", /a place is a path/],
    ["{{a | none}}", /a text in quotes, as in \{\{a \| "none"\}\}/],
    ["{{user}}", /user has no field ""/],
    ["{{user.mail}}", /user has no field "mail": there are id,/],
    ["{{user.clickId}}", /user\.clickId is followed by one name, as in user\.clickId\.gclid/],
    ["{{user.externalId.a.b}}", /user\.externalId is followed by one name/],
  ];
  for (const [template, message] of rows) {
    test(template, () => {
      assert.throws(
        () => readTemplate(template),
        (error) => error instanceof TemplateError && message.test(error.message),
      );
    });
  }
});

const oddKey = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "length",
    "0",
    "a b",
    "]",
    "'",
    '"',
    "\\",
    "{{",
    "}}",
    "|",
    "",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);

test("any text is read or refused with a TemplateError, and what is no place stays", () => {
  const piece = fc.constantFrom("{{", "}}", "a", ".", "[", "]", "'", '"', "|", " ", "\\", "*", "0", "#", "user", "$");
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 12 }), (pieces) => {
      const text = pieces.join("");
      try {
        const template = readTemplate(text);
        if (!text.includes("{{")) assert.equal(rendered(template, scope), text);
      } catch (error) {
        assert.ok(error instanceof TemplateError, String(error));
        assert.ok(text.includes("{{"));
      }
    }),
  );
});

test("a path in quotes finds what stands under any keys, and nothing that JavaScript brings", () => {
  const quoted = (key: string) => `['${key.replace(/[\\']/g, "\\$&")}']`;
  fc.assert(
    fc.property(fc.array(oddKey, { minLength: 1, maxLength: 4 }), fc.string({ unit: "binary" }), (keys, leaf) => {
      // As `JSON.parse` makes it: `__proto__` is a key like any other.
      const nested = keys.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), leaf);
      const odd = scopeOf(nested as DeliveredEvent, 0);
      const path = keys.map(quoted).join("");
      assert.equal(rendered(readTemplate(`{{ ${path} }}`), odd), leaf);
      const mapping = readMapping(`$${path}`, ({ message }) => assert.fail(message));
      assert.equal(mapped(mapping, odd), leaf);
      assert.equal(mapped(mapping, scopeOf({} as DeliveredEvent, 0)), undefined);
    }),
  );
});

test("a mapping without places makes a copy of itself", () => {
  const constant = fc.jsonValue().filter((value) => !/\$|\{\{/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(constant, (value) => {
      const mapping = readMapping(value, ({ message }) => assert.fail(message));
      assert.deepEqual(mapped(mapping, scope), value);
    }),
  );
});

test("a mapping tells of every fault in it, with its place", () => {
  const faults: string[] = [];
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const mapping = {
    a: ["$.a..b", { "b c": "{{x" }],
    n: Number.NaN,
    d: new Date(0),
    f: () => 1,
    u: undefined,
    "$.key": 1,
    cyclic,
  };
  readMapping(mapping, ({ path, message }) => faults.push(`${path.slice(0, 4).join("/")}: ${message.slice(0, 24)}`));
  assert.deepEqual(faults, [
    'a/0: "$.a..b" is no path from',
    'a/1/b c: "{{x": }} is missing',
    "n: A mapping is made of tex",
    "d: A mapping is made of tex",
    "f: A mapping is made of tex",
    "u: A mapping is made of tex",
    "cyclic/0/0/0: A mapping is at most 64 ",
  ]);
});
