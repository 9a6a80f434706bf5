import assert from "node:assert/strict";
import { test } from "node:test";
import { shopMonth } from "./shop-month.ts";
import { saleOf } from "./takings.ts";

/** The e-commerce specification, version 2, that RudderStack and Segment share. */
const specified = [
  ["Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed", "Promotion Clicked"],
  ["Product Clicked", "Product Viewed", "Product Added", "Product Removed", "Cart Viewed", "Checkout Started"],
  ["Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Order Updated", "Order Completed"],
  ["Order Refunded", "Order Cancelled", "Coupon Entered", "Coupon Applied", "Coupon Denied", "Coupon Removed"],
  ["Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Product Added to Cart"],
  ["Product Shared", "Cart Shared", "Product Reviewed"],
].flat();

test("a month has every call, and every event of the specification", () => {
  const messages = shopMonth({ seed: 7, visitors: 30, end: Date.UTC(2026, 2, 1) });
  const events = new Set(messages.flatMap((message) => (message.type === "track" ? [message.event] : [])));
  assert.deepEqual([...events].sort(), specified.toSorted());
  const calls = new Set(messages.map(({ type }) => type));
  assert.deepEqual([...calls].sort(), ["alias", "group", "identify", "page", "screen", "track"]);
});

test("a month is the same for the same seed, in the order of its times, with an id for each message", () => {
  const options = { seed: 3, visitors: 10, end: Date.UTC(2026, 2, 1) };
  const messages = shopMonth(options);
  assert.deepEqual(shopMonth(options), messages);
  const times = messages.map(({ timestamp }) => Number(timestamp));
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.ok(times[0]! >= options.end - 28 * 86_400_000 && times.at(-1)! <= options.end);
  assert.equal(new Set(messages.map(({ messageId }) => messageId)).size, messages.length);
  assert.notDeepEqual(shopMonth({ ...options, seed: 4 }), messages);
});

test("revenue is that of the products, less the discount", () => {
  for (const message of shopMonth({ seed: 5, visitors: 20, end: Date.UTC(2026, 2, 1) })) {
    const sale = saleOf(message);
    if (sale === undefined || message.type !== "track") continue;
    const { products, discount } = message.properties as {
      products: { price: number; quantity: number }[];
      discount: number;
    };
    const sum = products.reduce((cents, { price, quantity }) => cents + Math.round(price * 100) * quantity, 0);
    assert.equal(sale.cents, sum - Math.round(discount * 100));
  }
});
