// The bodies that every row of the benchmark sends: what the SDK's batches look like, about 520
// bytes an event. A data plane drops an event whose message id it has seen among the last million,
// so no id is sent twice within so many.
import { gzipSync } from "node:zlib";

/**
 * One event, different for each number: ids, times and a handful of properties, as a shop sends
 * them.
 */
export function event(number) {
  const user = `user-${(number * 7919) % 5000}`;
  const time = new Date(Date.UTC(2026, 10, 1) + number * 137).toISOString();
  return {
    type: "track",
    event: "Order Completed",
    userId: user,
    anonymousId: `a1b2c3d4-0000-4000-8000-${String(number).padStart(12, "0")}`,
    messageId: `${mark}-${String(number).padStart(12, "0")}`,
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

/**
 * In place of the first 23 characters of every message id; its first eight tell one sending of a
 * body from the next.
 */
const mark = "018f3c5a-7b1e-4c2d-9e3f";

/** A body that is sent again and again, each time with message ids that were never there. */
export class Template {
  #at = [];

  constructor(body) {
    this.body = body;
    for (let at = body.indexOf(mark); at !== -1; at = body.indexOf(mark, at + 1)) this.#at.push(at);
  }

  /** Writes the body with the ids of its `round`-th sending into `target` at `offset`. */
  write(target, offset, round) {
    this.body.copy(target, offset);
    for (let place = 7, rest = round; place >= 0; place--, rest >>>= 4) {
      const digit = "0123456789abcdef".charCodeAt(rest & 15);
      for (const at of this.#at) target[offset + at + place] = digit;
    }
  }
}

export function templates(load) {
  const count = load === "single" ? 64 : 32;
  return Array.from({ length: count }, (_, k) => {
    return new Template(load === "single" ? Buffer.from(JSON.stringify(event(k))) : batch(100, k * 100));
  });
}

/** Compressed bodies, ready-made: `count` of them, all their ids different. */
export function compressed(count) {
  const all = templates("plain");
  const body = Buffer.alloc(Math.max(...all.map((template) => template.body.length)));
  return Array.from({ length: count }, (_, k) => {
    const template = all[k % all.length];
    template.write(body, 0, Math.floor(k / all.length));
    return gzipSync(body.subarray(0, template.body.length), { level: 6 });
  });
}
