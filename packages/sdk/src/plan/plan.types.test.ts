/** Tests of types, made by the compiler: a line below `@ts-expect-error` that compiles is an error. Nothing here is run. */
import { Pintle } from "../index.ts";
import type { StandardSchema } from "./standard-schema.ts";

interface ShopPlan {
  "Order Completed": { orderId: string; revenue: number; at?: Date };
  "Signed Up": { plan?: "Free" | "Pro" };
}

const url = "https://data.example.com";

export function withoutPlan(): void {
  for (const client of [new Pintle("key", url), new Pintle("key", url, { batchSize: 5 })]) {
    client.track({ userId: "1", event: "Anything", properties: { at: new Date(), deep: [{ x: 1 }] } });
    client.enqueue({ type: "track", userId: 5, event: "Anything" });
    client.enqueue({ type: "group", userId: 5, groupId: 7 });
    // @ts-expect-error: a track message has an event
    client.track({ userId: "1" });
    // @ts-expect-error: properties are an object
    client.track({ userId: "1", event: "Anything", properties: "none" });
    // @ts-expect-error: a page has a name (at run time it is taken without one)
    client.page({ userId: "1" });
    // @ts-expect-error: and so has a screen
    client.screen({ userId: "1" });
    // @ts-expect-error: a group has a groupId
    client.group({ userId: "1" });
    // @ts-expect-error: an alias has a previousId
    client.alias({ userId: "1" });
    // @ts-expect-error: an id is a string or a number
    client.identify({ userId: true });
    // @ts-expect-error: there is no such type
    client.enqueue({ type: "purchase", userId: "1" });
  }
}

export function withPlan(): void {
  const client = new Pintle<ShopPlan>("key", url);
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o", revenue: 0 } });
  client.track({ userId: "1", event: "Signed Up" });
  client.track({ userId: "1", event: "Signed Up", properties: { plan: "Free" } });
  client.enqueue({ type: "track", anonymousId: "a", event: "Signed Up", timestamp: new Date() });
  client.enqueue({ type: "identify", userId: "1", traits: { plan: "Free" } });
  // @ts-expect-error: an event that is not in the plan
  client.track({ userId: "1", event: "Order Complete" });
  // @ts-expect-error: a property of the wrong type
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o", revenue: "0" } });
  // @ts-expect-error: a required property is missing
  client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o" } });
  // @ts-expect-error: properties are missing, and not all of them are optional
  client.track({ userId: "1", event: "Order Completed" });
  // @ts-expect-error: a property that is not in the plan
  client.track({ userId: "1", event: "Signed Up", properties: { planet: "Mars" } });
  // @ts-expect-error: the properties of another event
  client.track({ userId: "1", event: "Signed Up", properties: { orderId: "o", revenue: 0 } });
  // @ts-expect-error: the same through enqueue
  client.enqueue({ type: "track", userId: "1", event: "Order Complete" });
}

declare const revenue: StandardSchema<{ revenue: number }, { revenue: number; currency: string }>;

export function planFromValidators(): void {
  const client = new Pintle("key", url, { batchSize: 5, plan: { "Order Completed": revenue } });
  client.track({ userId: "1", event: "Order Completed", properties: { revenue: 1 } });
  // @ts-expect-error: the validator's input asks for a number
  client.track({ userId: "1", event: "Order Completed", properties: { revenue: "1" } });
  // @ts-expect-error: no validator knows this event
  client.track({ userId: "1", event: "Signed Up" });
  // @ts-expect-error: a validator for other properties than the plan's
  new Pintle<ShopPlan>("key", url, { plan: { "Order Completed": {} as StandardSchema<{ revenue: string }> } });
  new Pintle<ShopPlan>("key", url, { plan: { "Signed Up": {} as StandardSchema<{ plan?: "Free" | "Pro" }> } });
  // @ts-expect-error: a plan maps names to objects of properties
  new Pintle<{ "Signed Up": string }>("key", url);
}
