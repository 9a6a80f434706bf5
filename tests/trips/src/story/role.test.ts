import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Message } from "@pintle/events";
import { checkEnds, type Ends, type Role } from "./role.ts";
import { saleOf } from "./takings.ts";

const order = (number: number, userId: string, revenue: number): Message => ({
  type: "track",
  userId,
  messageId: `m-${number}`,
  event: "Order Completed",
  properties: { order_id: `o-${number}`, revenue },
});
const page: Message = { type: "page", userId: "ada", messageId: "m-3", name: "Home" };
const bad: Message = { type: "track", userId: "ada", messageId: "m-4", event: "Bad" };
const messages = [order(1, "ada", 10), order(2, "ada", 5.5), page, bad, order(5, "bob", 7)];

const role: Role = {
  destination: () => ({}),
  vendor: { routes: {} },
  keys: (message) => (message.type === "track" ? [message.messageId!] : []),
  dead: (message) => (message === bad ? "http_400" : undefined),
  sale: ({ item }) => saleOf(item as Message),
};

function ends(order: readonly number[], more: Partial<Ends> = {}): Ends {
  const kept = order.map((at) => ({ key: messages[at]!.messageId!, item: messages[at], path: "/" }));
  return {
    kept: new Map(kept.map((each) => [each.key, each])),
    letters: new Map([["m-4", "http_400"]]),
    filtered: 1,
    ...more,
  };
}

describe("the ends of events", () => {
  test("are right where each is at the service, a dead letter or filtered", () => {
    checkEnds(role, messages, ends([0, 1, 4]));
    checkEnds(role, messages, ends([4, 0, 1], { filtered: undefined }));
  });

  const twice = order(2, "ada", 5.5);
  const wrong: readonly [name: string, ends: Ends, role: Role, message: RegExp][] = [
    ["an event is missing", ends([0, 4]), role, /m-2/],
    ["there is what should not be", ends([0, 1, 4, 2]), role, /m-3/],
    ["a user's events are out of order", ends([1, 0, 4]), role, /m-1 of ada came after/],
    ["a dead letter is missing", ends([0, 1, 4], { letters: new Map() }), role, /dead letters/],
    ["a dead letter has another reason", ends([0, 1, 4], { letters: new Map([["m-4", "x"]]) }), role, /dead letters/],
    ["too much is filtered", ends([0, 1, 4], { filtered: 2 }), role, /filtered/],
    [
      "an amount is another",
      ends([0, 1, 4]),
      { ...role, sale: ({ item }) => ({ ...saleOf(item as Message)!, cents: 1 }) },
      /takings/,
    ],
    [
      "a customer is another",
      ends([0, 1, 4]),
      { ...role, sale: ({ item }) => ({ ...saleOf(item as Message)!, customer: "x" }) },
      /takings/,
    ],
    ["two events share a key", ends([0, 1, 4]), { ...role, keys: () => [twice.messageId!] }, /same key/],
  ];
  for (const [name, given, its, message] of wrong) {
    test(`are wrong where ${name}`, () => assert.throws(() => checkEnds(its, messages, given), { message }));
  }
});
