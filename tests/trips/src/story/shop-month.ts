import type { Message } from "@pintle/events";
import { type Random, seededRandom } from "@pintle/kit/testing";
import { type Visitor, visitOf } from "./shop-visit.ts";

export interface ShopMonthOptions {
  readonly seed: number;
  /** How many people come to the shop, each some times. */
  readonly visitors: number;
  /** When the month ends, milliseconds since the epoch: some services refuse what is old. */
  readonly end: number;
  /** @default 28 */
  readonly days?: number;
}

const firstNames = ["Ada", "Bruno", "Chiara", "Devi", "Émile", "Fatou", "Grace", "Hiro", "İpek", "Jürgen"];
const lastNames = ["Adler", "Baptiste", "O'Hara", "Dahl", "von Ahn", "Fontaine", "García", "Ōta"];
const countries = [
  { country: "DE", city: "Köln", postalCode: "50667", phone: "+49151" },
  { country: "US", city: "Saint Louis", state: "MO", postalCode: "63101", phone: "+1314" },
  { country: "JP", city: "東京", postalCode: "100-0001", phone: "+8190" },
];

/**
 * A made-up month of an online shop, the same for the same seed: every event of the e-commerce
 * specification (v2) that RudderStack and Segment share, with the calls identify, page, screen,
 * group and alias around them, in the order in which they happened. Each message has an id and its
 * time.
 */
export function shopMonth({ seed, visitors, end, days = 28 }: ShopMonthOptions): Message[] {
  const random = seededRandom(seed);
  const start = end - days * 24 * 60 * 60 * 1000;
  const all: { at: number; message: Message }[] = [];
  for (let number = 1; number <= visitors; number++) {
    const visitor = visitorOf(number, seed, random);
    const visits = random.whole(1, 3);
    // Visits of one person do not overlap: each has its part of the month.
    const part = (end - start) / visits;
    for (let visit = 0; visit < visits; visit++) {
      let at = start + visit * part + random.next() * part * 0.5;
      const step = Math.min(60_000, (part * 0.4) / 100);
      for (const message of visitOf(visitor, visit, random)) {
        all.push({ at, message });
        at += step * (0.1 + random.next());
      }
    }
  }
  const inTime = all.toSorted((a, b) => a.at - b.at);
  return inTime.map(({ at, message }, index) => ({
    ...message,
    messageId: `shop-${seed}-${index + 1}`,
    timestamp: new Date(Math.floor(at)),
  }));
}

function visitorOf(number: number, seed: number, random: Random): Visitor {
  const firstName = random.pick(firstNames);
  const lastName = random.pick(lastNames);
  const { phone, ...address } = random.pick(countries);
  return {
    userId: `shopper-${seed}-${number}`,
    anonymousId: `visitor-${seed}-${number}`,
    traits: {
      email: `shopper.${seed}.${number}@shop.example`,
      firstName,
      lastName,
      phone: `${phone}${String(1_000_000 + number)}`,
      address,
      plan: random.pick(["free", "club"]),
    },
    isMobile: random.next() < 0.3,
    ...(number % 4 === 0 ? { company: `company-${(number % 3) + 1}` } : {}),
    orders: 0,
  };
}
