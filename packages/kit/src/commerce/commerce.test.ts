import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { type Commerce, commerce } from "./commerce.ts";
import { mappedName } from "./event-names.ts";

const of = (event: unknown, properties?: unknown): DeliveredEvent =>
  ({ type: "track", messageId: "m", event, properties }) as unknown as DeliveredEvent;

const names: readonly [sent: unknown, name: string | undefined][] = [
  ["Order Completed", "Order Completed"],
  [" order_completed", "Order Completed"],
  ["ORDER - COMPLETED", "Order Completed"],
  ["product-added-to-wishlist", "Product Added to Wishlist"],
  ["Completed Order", "Order Completed"],
  ["Viewed Product Category", "Product List Viewed"],
  ["Started Order", "Checkout Started"],
  ["OrderCompleted", undefined],
  ["constructor", undefined],
  [["Order Completed"], undefined],
  [undefined, undefined],
];
for (const [sent, name] of names) {
  test(`${JSON.stringify(sent)} is ${name}`, () => assert.equal(commerce(of(sent)).name, name));
}

type Row = readonly [
  event: string,
  properties: unknown,
  read: (its: Commerce) => unknown,
  expected: unknown,
  notes?: string[],
];
const two = [
  { product_id: "a", price: 0.1, quantity: 3 },
  { sku: "b", price: "2.50" },
];
const tables: Readonly<Record<string, readonly Row[]>> = {
  value: [
    ["Order Completed", { revenue: 1, total: 2, value: 3, products: two }, (its) => its.value, 1],
    ["Order Completed", { total: "2.5", value: 3 }, (its) => its.value, 2.5],
    ["Order Completed", { revenue: "12 EUR", value: 3 }, (its) => its.value, 3, ["revenue"]],
    ["Order Completed", { products: two }, (its) => its.value, 2.8],
    ["Cart Viewed", { products: [{ product_id: "a", price: 0.1, quantity: 3 }] }, (its) => its.value, 0.3],
    ["Order Completed", { revenue: 0, total: 9 }, (its) => its.value, 0],
    ["Order Completed", {}, (its) => its.value, undefined],
    ["Product Added", { revenue: 9, price: 2, quantity: 2 }, (its) => its.value, 4],
    ["Product Added", { value: 5, price: 2 }, (its) => its.value, 5],
    ["Product Viewed", { price: 2 }, (its) => its.value, 2],
    ["Signed Up", { price: 2 }, (its) => its.value, undefined],
    ...["0x10", "Infinity", "1,5", true, {}, [1], Number.NaN].map(
      (revenue): Row => ["Order Completed", { revenue }, (its) => its.value, undefined, ["revenue"]],
    ),
  ],
  order: [
    ["Order Completed", { order_id: 7, orderId: "8" }, (its) => its.orderId, "7"],
    ["Order Completed", { orderId: "8" }, (its) => its.orderId, "8"],
    ["Checkout Started", { checkout_id: "c" }, (its) => [its.orderId, its.checkoutId], ["c", "c"]],
    ["Order Completed", { checkout_id: "c" }, (its) => its.orderId, undefined],
    ["Order Completed", { tax: "1.5" }, (its) => its.amount("tax"), 1.5],
    ["Order Completed", { coupon: "SPRING" }, (its) => its.coupon, "SPRING"],
  ],
  currency: [
    ["Order Completed", { currency: "eur" }, (its) => its.currency, "EUR"],
    ["Order Completed", { currency: "Euro" }, (its) => its.currency, "USD", ["currency"]],
    ["Order Completed", { currency: ["EUR"] }, (its) => its.currency, "USD", ["currency"]],
    ["Order Completed", {}, (its) => its.currency, "USD"],
  ],
  products: [
    [
      "Order Completed",
      { products: two },
      (its) => its.products.map(({ id, quantity }) => [id, quantity]),
      [
        ["a", 3],
        ["b", 1],
      ],
    ],
    [
      "Product Viewed",
      { id: 5, name: "Tea", image_url: "i" },
      (its) => its.products.map(({ id, name, imageUrl }) => [id, name, imageUrl]),
      [["5", "Tea", "i"]],
    ],
    ["Order Completed", { product_id: "a" }, (its) => its.products, []],
    ["Order Completed", { products: "a" }, (its) => its.products, [], ["products"]],
    [
      "Order Completed",
      { products: [{ product_id: "a", quantity: "x" }, 5, null, {}] },
      (its) => its.products.map(({ quantity }) => quantity),
      [1],
      ["products", "quantity"],
    ],
  ],
};
for (const [name, rows] of Object.entries(tables)) {
  describe(name, () => {
    for (const [event, properties, read, expected, noted = []] of rows) {
      test(`of ${event} ${JSON.stringify(properties)}`, () => {
        const notes: unknown[] = [];
        const note = (...words: unknown[]) => notes.push(words);
        assert.deepEqual(read(commerce(of(event, properties), { currency: "USD", note })), expected);
        assert.deepEqual(
          notes,
          noted.map((field) => ["invalid_value", field]),
        );
      });
    }
  });
}

test("a service's name is the owner's, by the name as sent or as specified, else the type's", () => {
  const table = { "Order Completed": "Purchase", "Product Added": "AddToCart" } as const;
  const overrides = { "completed-order": "Old", "Product Added": null, "Signed Up": "Lead" };
  const nameOf = (event: unknown) => mappedName(of(event), table, overrides);
  assert.equal(nameOf("Order Completed"), "Purchase");
  assert.equal(nameOf("Completed Order"), "Old");
  assert.equal(nameOf("product_added"), null);
  assert.equal(nameOf("signed up"), "Lead");
  assert.equal(nameOf("Cart Viewed"), undefined);
  assert.equal(nameOf("__proto__"), undefined);
});

test("whatever the properties are, numbers are finite, texts have something in them, and nothing throws", () => {
  const key = fc.constantFrom(
    "products",
    "price",
    "quantity",
    "revenue",
    "total",
    "value",
    "order_id",
    "currency",
    "sku",
    "__proto__",
    "name",
  );
  const leaf = fc.oneof(
    fc.anything(),
    fc.string(),
    fc.double(),
    fc.constantFrom("1e999", "\ud800", 10n ** 400n, "1.", " "),
  );
  const object = fc
    .array(
      fc.tuple(key, fc.oneof(leaf, fc.array(fc.array(fc.tuple(key, leaf)).map((each) => Object.fromEntries(each))))),
    )
    .map((entries) => Object.fromEntries(entries));
  const name = fc.constantFrom("Order Completed", "Product Viewed", "Cart Viewed", "x");
  fc.assert(
    fc.property(name, object, (event, properties) => {
      const its = commerce(of(event, properties), { note: (reason) => assert.equal(reason, "invalid_value") });
      const numbers = [
        its.value,
        its.amount("revenue"),
        ...its.products.flatMap(({ price, quantity }) => [price, quantity]),
      ];
      for (const number of numbers) assert.ok(number === undefined || Number.isFinite(number), String(number));
      for (const text of [its.orderId, its.coupon, ...its.products.flatMap(({ id, name: called }) => [id, called])]) {
        assert.ok(text === undefined || (typeof text === "string" && text.trim() === text && text !== ""));
      }
      assert.ok(its.currency === undefined || /^[A-Z]{3}$/.test(its.currency));
    }),
  );
});
