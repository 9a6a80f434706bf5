// What the apps do with an order: a database would be here.
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @param {{ userId: string, orderId: string }} order
 * @returns {Promise<{ userId: string, orderId: string }>}
 */
export async function saveOrder({ userId, orderId }) {
  await sleep(Math.random() * 20);
  return { userId, orderId };
}
