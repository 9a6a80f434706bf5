import assert from "node:assert/strict";
import { test } from "node:test";
import { hiding } from "@pintle/kit/values";
import { hideSecrets } from "./hide-secrets.ts";

test("hides a key in words, requests and the fields of events that are for keys, and no name that is spelt like it", () => {
  const event = { event: "webshop", properties: { shop: "webshop" }, context: { apiKey: "webshop" } };
  const headers = { "x-api-key": "webshop", "x-shop": "all" };
  assert.deepEqual(
    hideSecrets(
      {
        destinations: [{ id: "webshop", name: "webshop", problem: { message: "no webshop" }, at: 5, none: null }],
        event,
        request: { method: "POST", url: "http://x/webshop", headers, body: JSON.stringify(event) },
        answer: { status: 400, headers: { "x-why": "webshop" }, body: "the webshops know no webshop" },
        detail: "of webshop",
      },
      hiding(["webshop"]),
    ),
    {
      destinations: [{ id: "webshop", name: "webshop", problem: { message: "no [redacted]" }, at: 5, none: null }],
      event: { ...event, context: { apiKey: "[redacted]" } },
      request: {
        method: "POST",
        url: "http://x/[redacted]",
        headers: { "x-api-key": "[redacted]", "x-shop": "all" },
        body: JSON.stringify({ ...event, context: { apiKey: "[redacted]" } }),
      },
      answer: { status: 400, headers: { "x-why": "[redacted]" }, body: "the webshops know no [redacted]" },
      detail: "of [redacted]",
    },
  );
});
