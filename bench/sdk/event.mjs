/**
 * Event number `n` of a run: 600 bytes of JSON, of a thousand users in turn. go/main.go makes the
 * same, and bench/outage sends them, too.
 */
export function eventOf(n) {
  return {
    userId: `user-${n % 1_000}`,
    event: "Order Completed",
    properties: {
      n,
      orderId: `o-${n}`,
      currency: "EUR",
      revenue: 25.5,
      total: 30.1,
      shipping: 4.6,
      coupon: "WINTER",
      affiliation: "The shop around the corner",
      products: [
        { id: "p-1", sku: "SKU-1", name: "Pizza Margherita", category: "Food/Hot", price: 8.5, quantity: 3 },
        { id: "p-2", sku: "SKU-2", name: "Mineral water", category: "Drinks/Cold", price: 4.6, quantity: 1 },
        { id: "p-3", sku: "SKU-3", name: "Tiramisu", category: "Food/Sweet", price: 5.2, quantity: 2 },
      ],
    },
    context: { ip: "203.0.113.9", userAgent: "Mozilla/5.0 (X11; Linux x86_64)", locale: "de-AT" },
  };
}
