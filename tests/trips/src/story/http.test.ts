/** Any API by a mapping: an object for each event, lines in batches, a form for orders alone. */
import { test } from "node:test";
import type { Message } from "@pintle/events";
import { z } from "@pintle/kit";
import { basic, bearer, takesItems, type Vendor } from "@pintle/kit/testing";
import { cdnowFile, needCdnow, readPurchases } from "../purchases.ts";
import type { Role } from "./role.ts";
import { shopMonth } from "./shop-month.ts";
import { tellStory } from "./story.ts";
import { cdnowEvents, type Sale } from "./takings.ts";

const dollars = z.number().optional();

const crm: Vendor = {
  bytes: 100_000,
  authorize: ({ headers }) => (headers["x-key"] === "of-crm" ? undefined : { status: 401 }),
  routes: {
    "PUT /people/:who/events/:id": takesItems({
      item: z.strictObject({
        kind: z.string(),
        what: z.string().optional(),
        order: z.string().optional(),
        revenue: dollars,
      }),
      key: (_, { params }) => params.id!,
    }),
  },
};

const bulk: Vendor = {
  bytes: 200_000,
  authorize: (request) => bearer(request, "of-bulk"),
  routes: {
    "POST /shop/lines": takesItems({
      items: (request) => request.lines(),
      item: z.strictObject({
        id: z.string(),
        who: z.string(),
        at: z.iso.datetime(),
        label: z.string().startsWith("shop: "),
        order: z.string().optional(),
        revenue: dollars,
      }),
      key: ({ id }) => id,
      most: 20,
      whole: true,
    }),
  },
};

const till: Vendor = {
  authorize: (request) => basic(request, "till", "of:till"),
  routes: {
    "POST /orders": takesItems({
      items: (request) => [Object.fromEntries(request.form())],
      item: z.strictObject({ "order[id]": z.string(), "order[revenue]": z.string(), "order[by]": z.string() }),
      key: (_, { headers }) => headers["x-once"]!,
    }),
  },
};

const isOrder = (message: Message) => message.type === "track" && message.event === "Order Completed";

function sale(order: unknown, customer: unknown, revenue: unknown): Sale {
  return { order: String(order), customer: String(customer), cents: Math.round(Number(revenue) * 100) };
}

const roles: Readonly<Record<string, Role>> = {
  crm: {
    vendor: crm,
    destination: (url) => ({
      type: "http",
      url: `${url}/people/{{userId}}/events/{{messageId}}`,
      method: "PUT",
      auth: { apiKey: { header: "X-Key", value: "of-crm" } },
      body: {
        kind: "$.type",
        what: "$.event",
        order: "$.properties.order_id",
        revenue: "$.properties.revenue",
      },
      timeout: "1s",
      except: { types: ["page", "screen"] },
    }),
    keys: ({ type, messageId }) => (type === "page" || type === "screen" ? [] : [messageId!]),
    dead: (message) =>
      message.type === "page" || message.type === "screen" || message.userId !== undefined
        ? undefined
        : "missing_value",
  },
  bulk: {
    vendor: bulk,
    destination: (url) => ({
      type: "http",
      url: `${url}/{{context.place | "shop"}}/lines`,
      auth: { bearer: "of-bulk" },
      format: "ndjson",
      gzip: true,
      batch: { events: 20 },
      body: {
        id: "$.messageId",
        who: "$user.anyId",
        at: "$.timestamp",
        label: 'shop: {{event | "no event"}}',
        order: "$.properties.order_id",
        revenue: "$.properties.revenue",
      },
      timeout: "1s",
    }),
    keys: ({ messageId }) => [messageId!],
  },
  till: {
    vendor: till,
    destination: (url) => ({
      type: "http",
      url: `${url}/orders`,
      auth: { basic: { username: "till", password: "of:till" } },
      format: "form",
      idempotencyHeader: "X-Once",
      body: { order: { id: "$.properties.order_id", revenue: "$.properties.revenue", by: "$.userId" } },
      timeout: "1s",
      only: { events: ["Order Completed"] },
    }),
    keys: (message) => (isOrder(message) ? [message.messageId!] : []),
    sale: ({ item }) => {
      const { "order[id]": id, "order[by]": by, "order[revenue]": revenue } = item as Record<string, string>;
      return sale(id, by, revenue);
    },
  },
};

test("a month of the shop arrives at APIs that fail at random", async () => {
  await tellStory(roles, shopMonth({ seed: 11, visitors: 25, end: Date.now() }), { seed: 11 });
});

test("18 months of CDNOW do, though the data plane is killed on the way", needCdnow, async () => {
  const messages = cdnowEvents(readPurchases(cdnowFile!));
  await tellStory({ bulk: roles.bulk!, till: roles.till! }, messages, { seed: 5, kill: true });
});
