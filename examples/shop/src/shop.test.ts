import assert from "node:assert/strict";
import { test } from "node:test";
import { TestPintle } from "@pintle/sdk/testing";
import { catalog } from "./catalog.ts";
import { type Order, Shop } from "./shop.ts";
import { customerNumber, visit } from "./visitor.ts";

test("an order is told with its products and their sum", () => {
  const client = new TestPintle();
  const shop = new Shop(client);
  const customer = customerNumber(3);
  const [first, second] = [catalog[0]!, catalog[1]!];
  shop.addToCart(customer, first);
  shop.addToCart(customer, second);
  const order = shop.checkOut(customer) as Order;
  assert.equal(order.total, 24.48);
  assert.equal(shop.checkOut(customer), undefined, "the cart is empty afterwards");
  const told = client.assertSent({ event: "Order Completed", userId: customer.id }, 1);
  assert.deepEqual(told.properties, {
    orderId: order.id,
    revenue: 24.48,
    currency: "USD",
    products: [first, second],
  });
});

test("visits of any course send nothing that the SDK refuses", () => {
  const client = new TestPintle({ strict: false });
  const shop = new Shop(client);
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let number = 1; number <= 50; number++) {
    for (const _ of visit(shop, customerNumber(number), number % 2 === 0, random));
  }
  assert.deepEqual(client.refused, []);
  client.assertSent({ type: "identify" }, 25);
  client.assertSent({ event: "Order Completed" });
});
