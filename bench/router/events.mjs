/** An event as a client sends it, about 600 bytes. */
export function eventBody(n) {
  return {
    type: "track",
    event: "Order Completed",
    userId: `user-${n % 5000}`,
    anonymousId: `8f0c6a0e-5d7a-4f7e-9c55-${String(n % 9000).padStart(12, "0")}`,
    messageId: `m${n}`,
    timestamp: "2026-11-23T09:00:00.000Z",
    context: {
      library: { name: "pintle", version: "0.1.0" },
      locale: "en-GB",
      page: { path: `/shop/${n % 100}`, url: `https://shop.example/shop/${n % 100}`, title: "Shop" },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    },
    properties: { orderId: `o-${n}`, revenue: (n % 10_000) / 100, cds: n % 7, gift: n % 3 === 0, currency: "EUR" },
  };
}
