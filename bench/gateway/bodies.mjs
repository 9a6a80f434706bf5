// The bodies that every row of the benchmark sends: what the SDK's batches look like, about 570 bytes an event.
import { gzipSync } from "node:zlib";

/** One event, different for each number: ids, times and a handful of properties, as a shop sends them. */
export function event(number) {
  const user = `user-${(number * 7919) % 5000}`;
  const time = new Date(Date.UTC(2026, 10, 1) + number * 137).toISOString();
  return {
    type: "track",
    event: "Order Completed",
    userId: user,
    anonymousId: `a1b2c3d4-0000-4000-8000-${String(number).padStart(12, "0")}`,
    messageId: `018f3c5a-7b1e-4c2d-9e3f-${String(number).padStart(12, "0")}`,
    originalTimestamp: time,
    properties: {
      order_id: `order-${number}`,
      revenue: 12.5 + (number % 100),
      currency: "EUR",
      products: [{ product_id: `p-${number % 300}`, name: "Compact disc", price: 12.5, quantity: 1 + (number % 3) }],
    },
    context: { library: { name: "pintle", version: "0.1.0" }, locale: "de-DE", ip: "203.0.113.9" },
    integrations: { All: true },
    sentAt: time,
  };
}

export function batch(size, from = 0) {
  return Buffer.from(JSON.stringify({ batch: Array.from({ length: size }, (_, k) => event(from + k)) }));
}

/** Bodies by the name of the load; a generator cycles through them. */
export function bodies(load) {
  if (load === "single") return Array.from({ length: 64 }, (_, k) => Buffer.from(JSON.stringify(event(k))));
  const plain = Array.from({ length: 32 }, (_, k) => batch(100, k * 100));
  return load === "gzip" ? plain.map((body) => gzipSync(body)) : plain;
}
