/** The framework of the stories, and the webhook in front of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "@pintle/events";
import { z } from "@pintle/kit";
import { takesItems, type Vendor } from "@pintle/kit/testing";
import { cdnowFile, needCdnow, readPurchases } from "../purchases.ts";
import type { Role } from "./role.ts";
import { shopMonth } from "./shop-month.ts";
import { tellStory } from "./story.ts";
import { cdnowEvents, saleOf } from "./takings.ts";

const event = z
  .looseObject({ messageId: z.string(), type: z.string(), timestamp: z.iso.datetime() })
  .refine(({ event: name }) => name !== "Cart Shared", { error: "unknown event" });

/** A receiver of webhooks, which knows nothing of shared carts, and takes a list as a whole. */
const receiver: Vendor = {
  bytes: 500_000,
  authorize: ({ headers }) => (headers.authorization === "Bearer of-the-hook" ? undefined : { status: 401 }),
  routes: {
    "POST /in": takesItems({ item: event, key: ({ messageId }) => messageId, most: 20, whole: true }),
  },
};

const except = { types: ["screen"], events: ["Promotion Viewed"] };

function nameOf(message: Message): string | undefined {
  return message.type === "track" ? message.event : undefined;
}

function hook(settings: object): Role {
  const headers = { authorization: "Bearer of-the-hook" };
  return {
    destination: (url) => ({ type: "webhook", url: `${url}/in`, headers, timeout: "1s", except, ...settings }),
    vendor: receiver,
    keys: (message) =>
      message.type === "screen" || nameOf(message) === "Promotion Viewed" ? [] : [message.messageId!],
    dead: (message) => (nameOf(message) === "Cart Shared" ? "http_400" : undefined),
    sale: ({ item }) => saleOf(item as never),
  };
}

test("a month of the shop arrives at webhooks that fail at random", async () => {
  const messages = shopMonth({ seed: 7, visitors: 30, end: Date.now() });
  const roles = { single: hook({}), batch: hook({ batch: { events: 20 }, gzip: true }) };
  await tellStory(roles, messages, { seed: 7 });
});

test("18 months of CDNOW do, though the data plane is killed on the way", needCdnow, async () => {
  const messages = cdnowEvents(readPurchases(cdnowFile!));
  assert.ok(messages.length > 5000);
  await tellStory({ batch: hook({ batch: { events: 20 } }) }, messages, { seed: 3, kill: true });
});
