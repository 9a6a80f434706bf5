import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gif, type PixelType, pixelEvent } from "./pixel.ts";

const event = (type: PixelType, query: string): unknown => {
  const made = pixelEvent(type, new URLSearchParams(query));
  return made === undefined ? undefined : JSON.parse(JSON.stringify(made));
};

test("the image is a GIF of 43 bytes", () => {
  assert.equal(gif.length, 43);
  assert.equal(gif.toString("latin1", 0, 6), "GIF89a");
  assert.equal(gif.at(-1), 0x3b);
});

test("parameters become the event, dotted names nest, values stay strings", () => {
  assert.deepEqual(
    event(
      "track",
      "writeKey=wk&userId=u&event=Opened&properties.n=1&properties.a.b=true&context.page.url=http%3A%2F%2Fx",
    ),
    {
      type: "track",
      userId: "u",
      event: "Opened",
      properties: { n: "1", a: { b: "true" } },
      context: { page: { url: "http://x" } },
    },
  );
});

test("the corners", () => {
  const cases: ReadonlyArray<readonly [PixelType, string, unknown]> = [
    ["page", "anonymousId=%22a%22", { anonymousId: "a", name: "Unknown Page", type: "page" }],
    ["page", "anonymousId=%22&name=", { anonymousId: '"', name: "Unknown Page", type: "page" }],
    ["page", "userId=%22u%22&name=Home", { userId: '"u"', name: "Home", type: "page" }],
    ["page", "name=A&name=B", { name: "A", type: "page" }],
    ["page", "name=A&type=track", { name: "A", type: "page" }],
    ["page", "name=A&a=1&a.b=2", { name: "A", a: { b: "2" }, type: "page" }],
    ["page", "name=A&a.b=2&a=1", { name: "A", a: { b: "2" }, type: "page" }],
    ["track", "userId=u", undefined],
    ["track", "userId=u&event=", undefined],
    ["track", `event=x&${"a.".repeat(8000)}a=1`, undefined],
  ];
  for (const [type, query, expected] of cases) assert.deepEqual(event(type, query), expected, query.slice(0, 60));
});

test("__proto__ is a name like any other", () => {
  const made = pixelEvent("page", new URLSearchParams("name=A&__proto__.polluted=1&a.__proto__.polluted=2"));
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(
    JSON.stringify(made),
    '{"name":"A","__proto__":{"polluted":"1"},"a":{"__proto__":{"polluted":"2"}},"type":"page"}',
  );
});

test("no query breaks it", () => {
  fc.assert(
    fc.property(fc.webQueryParameters(), fc.constantFrom<PixelType>("track", "page"), (query, type) => {
      const made = pixelEvent(type, new URLSearchParams(query));
      if (made !== undefined) JSON.parse(JSON.stringify(made));
    }),
  );
});
