import assert from "node:assert/strict";
import { test } from "node:test";
import { Pintle, type PintleEvents } from "@pintle/sdk";
import { catalog } from "./catalog.ts";
import { type Order, Shop } from "./shop.ts";
import { customerNumber, visit } from "./visitor.ts";

type Sent = Record<string, unknown> & { properties: Record<string, unknown> };

/** A shop whose client sends to nobody, and what it has sent. */
function openShop() {
  const sent: Sent[] = [];
  const refused: PintleEvents["refused"][] = [];
  const client = new Pintle("wk_test", "http://127.0.0.1:9", {
    gzip: false,
    transport: async ({ body }) => {
      sent.push(...JSON.parse(new TextDecoder().decode(body)).batch);
      return { status: 200, headers: {}, body: "ok" };
    },
  });
  client.on("refused", (refusal) => void refused.push(refusal));
  return { shop: new Shop(client), client, sent, refused };
}

test("an order is told with its products and their sum", async () => {
  const { shop, client, sent } = openShop();
  const customer = customerNumber(3);
  const [first, second] = [catalog[0]!, catalog[1]!];
  shop.addToCart(customer, first);
  shop.addToCart(customer, second);
  const order = shop.checkOut(customer) as Order;
  assert.equal(order.total, 24.48);
  assert.equal(shop.checkOut(customer), undefined, "the cart is empty afterwards");
  await client.close();
  const told = sent.find(({ event }) => event === "Order Completed")!;
  assert.equal(told.userId, customer.id);
  assert.deepEqual(told.properties, {
    orderId: order.id,
    revenue: 24.48,
    currency: "USD",
    products: [first, second],
  });
});

test("visits of any course send nothing that the SDK refuses, and everything arrives", async () => {
  const { shop, client, sent, refused } = openShop();
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let number = 1; number <= 50; number++) {
    for (const _ of visit(shop, customerNumber(number), number % 2 === 0, random));
  }
  const { accepted } = client.stats();
  await client.close();
  assert.deepEqual(refused, []);
  assert.equal(sent.length, accepted);
  assert.equal(sent.filter(({ type }) => type === "identify").length, 25);
  assert.ok(sent.some(({ event }) => event === "Order Completed"));
});
