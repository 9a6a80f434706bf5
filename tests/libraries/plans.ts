// Tracking plans from the validators of several libraries, and from a type. What may not compile stands below `@ts-expect-error`, which is an error
// itself where the line compiles. Run, it checks that the validators are asked for each message.
import assert from "node:assert/strict";
import { TestPintle } from "@pintle/sdk/testing";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";

const at = new Date(0);

function withZod() {
  const client = new TestPintle({
    strict: false,
    plan: {
      "Order Completed": z.object({
        orderId: z.string(),
        revenue: z.number().min(0),
        products: z.array(z.object({ sku: z.string(), price: z.number().optional() })),
        at: z.date().optional(),
        coupon: z.string().optional(),
      }),
      "Signed Up": z.object({ plan: z.enum(["Free", "Pro"]).optional() }),
    },
  });
  const order = { orderId: "o-1", revenue: 5, products: [{ sku: "s", price: undefined }], at, coupon: undefined };
  client.track({ userId: "1", event: "Order Completed", properties: order });
  client.track({ userId: "1", event: "Signed Up" });
  client.enqueue({ type: "track", userId: "1", event: "Signed Up", properties: { plan: "Pro" } });
  // @ts-expect-error: no such event
  const unknown = client.track({ userId: "1", event: "Order Complete" });
  assert.ok(unknown.accepted, "an event without a validator passes at run time");
  // @ts-expect-error: a number, not a text
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: "5" } });
  // @ts-expect-error: deep inside
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, products: [{ sku: 5 }] } });
  // @ts-expect-error: a property is missing
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1", revenue: 5 } });
  // @ts-expect-error: there is no such plan
  client.track({ userId: "1", event: "Signed Up", properties: { plan: "Gold" } });
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: -1 } });
  return client;
}

function withValibot() {
  const client = new TestPintle({
    strict: false,
    plan: {
      "Order Completed": v.object({
        orderId: v.string(),
        revenue: v.pipe(v.number(), v.minValue(0)),
        products: v.array(v.object({ sku: v.string(), price: v.optional(v.number()) })),
        at: v.optional(v.date()),
        coupon: v.optional(v.string()),
      }),
      "Signed Up": v.object({ plan: v.optional(v.picklist(["Free", "Pro"])) }),
    },
  });
  const order = { orderId: "o-1", revenue: 5, products: [{ sku: "s", price: undefined }], at, coupon: undefined };
  client.track({ userId: "1", event: "Order Completed", properties: order });
  client.track({ userId: "1", event: "Signed Up" });
  client.enqueue({ type: "track", userId: "1", event: "Signed Up", properties: { plan: "Pro" } });
  // @ts-expect-error: no such event
  client.track({ userId: "1", event: "Order Complete" });
  // @ts-expect-error: a number, not a text
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: "5" } });
  // @ts-expect-error: deep inside
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, products: [{ sku: 5 }] } });
  // @ts-expect-error: a property is missing
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1", revenue: 5 } });
  // @ts-expect-error: there is no such plan
  client.track({ userId: "1", event: "Signed Up", properties: { plan: "Gold" } });
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: -1 } });
  return client;
}

function withArkType() {
  const client = new TestPintle({
    strict: false,
    plan: {
      "Order Completed": type({
        orderId: "string",
        revenue: "number >= 0",
        products: type({ sku: "string", "price?": "number | undefined" }).array(),
        "at?": "Date",
        "coupon?": "string | undefined",
      }),
      "Signed Up": type({ "plan?": "'Free' | 'Pro'" }),
    },
  });
  const order = { orderId: "o-1", revenue: 5, products: [{ sku: "s", price: undefined }], at, coupon: undefined };
  client.track({ userId: "1", event: "Order Completed", properties: order });
  client.track({ userId: "1", event: "Signed Up" });
  client.enqueue({ type: "track", userId: "1", event: "Signed Up", properties: { plan: "Pro" } });
  // @ts-expect-error: no such event
  client.track({ userId: "1", event: "Order Complete" });
  // @ts-expect-error: a number, not a text
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: "5" } });
  // @ts-expect-error: deep inside
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, products: [{ sku: 5 }] } });
  // @ts-expect-error: a property is missing
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1", revenue: 5 } });
  // @ts-expect-error: there is no such plan
  client.track({ userId: "1", event: "Signed Up", properties: { plan: "Gold" } });
  client.track({ userId: "1", event: "Order Completed", properties: { ...order, revenue: -1 } });
  return client;
}

for (const [library, make] of Object.entries({ zod: withZod, valibot: withValibot, arktype: withArkType })) {
  const client = make();
  const sent = client.messages.filter(({ event }) => event !== "Order Complete");
  assert.deepEqual(
    sent.map(({ event, properties }) => [event, properties]),
    [
      ["Order Completed", { orderId: "o-1", revenue: 5, products: [{ sku: "s" }], at: at.toJSON() }],
      ["Signed Up", undefined],
      ["Signed Up", { plan: "Pro" }],
    ],
    library,
  );
  const fields = client.refused.map(({ error }) => /properties[.\w]*/.exec(error.message)?.[0]);
  assert.deepEqual(
    fields,
    ["properties.revenue", "properties.products.0.sku", "properties.products", "properties.plan", "properties.revenue"],
    library,
  );
}

/** A plan as a type: an interface with everything that JSON can carry, and Date. */
interface ShopPlan {
  "Order Completed": {
    orderId: string;
    revenue: number;
    at?: Date;
    coupon?: string | undefined;
    products: readonly { sku: string; sizes: number[]; maker: { name: string; since: Date | null } }[];
  };
  "Signed Up": { plan?: "Free" | "Pro" };
  "Signed Out": Record<never, never>;
}

const client = new TestPintle<ShopPlan>();
const products = [{ sku: "s", sizes: [1, 2], maker: { name: "m", since: at } }] as const;
client.track({
  userId: "1",
  event: "Order Completed",
  properties: {
    orderId: "o-1",
    revenue: 0,
    at,
    coupon: undefined,
    products: products.map((each) => ({ ...each, sizes: [...each.sizes] })),
  },
});
client.track({ userId: "1", event: "Signed Out" });
client.assertSent({
  event: "Order Completed",
  properties: { at, coupon: undefined, products: [{ sku: "s", sizes: [1, 2], maker: { name: "m", since: at } }] },
});
// Patterns of tests know the plan, too.
// @ts-expect-error: no such event
client.assertNotSent({ event: "Order Complete" });
// @ts-expect-error: a list of numbers
client.track({
  userId: "1",
  event: "Order Completed",
  properties: { orderId: "o", revenue: 1, products: [{ sku: "s", sizes: ["1"], maker: { name: "m", since: null } }] },
});
// @ts-expect-error: null is not a date
client.track({
  userId: "1",
  event: "Order Completed",
  properties: { orderId: "o", revenue: 1, at: null, products: [] },
});
// @ts-expect-error: a property that the plan does not have
client.track({ userId: "1", event: "Signed Up", properties: { plan: "Free", coupon: "x" } });

console.log("plans: as expected");
