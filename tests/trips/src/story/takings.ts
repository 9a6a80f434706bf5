import type { Message } from "@pintle/events";
import { byCustomer, type Purchase } from "../purchases.ts";

/** One sale, as the shop counts it, or as a destination has it. */
export interface Sale {
  readonly order: string;
  readonly customer: string;
  readonly cents: number;
}

/** What the shop has taken: it has to be the same wherever its events go. */
export interface Takings {
  readonly cents: number;
  readonly orders: number;
  readonly customers: number;
}

export function takingsOf(sales: Iterable<Sale>): Takings {
  const all = [...sales];
  return {
    cents: all.reduce((sum, { cents }) => sum + cents, 0),
    orders: new Set(all.map(({ order }) => order)).size,
    customers: new Set(all.map(({ customer }) => customer)).size,
  };
}

/** The sale that a message tells of, if it does. */
export function saleOf(message: Message): Sale | undefined {
  if (message.type !== "track" || message.event !== "Order Completed") return undefined;
  const { order_id, revenue } = message.properties as { order_id: string; revenue: number };
  return { order: order_id, customer: String(message.userId), cents: Math.round(revenue * 100) };
}

/**
 * The events of the shop CDNOW: each customer is identified before the first order. Ids and times
 * are those of the data.
 */
export function cdnowEvents(purchases: readonly Purchase[]): Message[] {
  const numbers = new Map(purchases.map((purchase, index) => [purchase, index + 1]));
  const customers = byCustomer(purchases);
  return purchases.flatMap((purchase) => {
    const { customer, date, cds, cents } = purchase;
    const number = numbers.get(purchase)!;
    const common = { userId: customer, timestamp: new Date(date) };
    const traits = { email: `${customer}@cdnow.example`, orders: customers.get(customer)!.length };
    const isFirst = customers.get(customer)![0] === purchase;
    const order: Message = {
      type: "track",
      ...common,
      messageId: `cdnow-${number}`,
      event: "Order Completed",
      properties: { order_id: `order-${number}`, revenue: cents / 100, currency: "USD", cds },
    };
    return isFirst ? [{ type: "identify", ...common, messageId: `cdnow-${number}-who`, traits }, order] : [order];
  });
}
