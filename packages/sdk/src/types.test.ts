/** Tests of types, made by the compiler: a line below `@ts-expect-error` that compiles is an error. Nothing here is run. */
import { CodedError, Pintle, type Receipt } from "./index.ts";
import type { StandardSchema } from "./plan/standard-schema.ts";
import type { TestPintle } from "./testing/index.ts";

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
    // @ts-expect-error: a list is no object of properties
    client.track({ userId: "1", event: "Anything", properties: ["none"] });
    // @ts-expect-error: nor are those of a Map
    client.identify({ userId: "1", traits: new Map([["plan", "Free"]]) });
  }
}

declare const perhaps: string | undefined;

export function withoutId(client: Pintle): void {
  // @ts-expect-error: of nobody
  client.track({ event: "Anything" });
  // @ts-expect-error: of nobody, perhaps
  client.track({ userId: perhaps, event: "Anything" });
  // @ts-expect-error: an alias is of somebody, too
  client.alias({ previousId: "1" });
  // @ts-expect-error: through enqueue
  client.enqueue({ type: "page", name: "Home" });
  // @ts-expect-error: undefined is no id
  client.identify({ userId: undefined, anonymousId: undefined });
  client.track({ userId: perhaps, anonymousId: "a", event: "Anything" });
  client.track({ anonymousId: 5, event: "Anything" });
  client.alias({ userId: "2", previousId: "1" });
}

export function withinScope(client: Pintle, planned: Pintle<ShopPlan>): void {
  client.withScope({ userId: "1", properties: { plan: "Pro" } }, (scoped) => {
    scoped.track({ event: "Anything" });
    scoped.track({ event: "Anything", userId: 2, properties: { own: true } });
    scoped.alias({ previousId: "0" });
    scoped.enqueue({ type: "page", name: "Home" });
    // @ts-expect-error: it still has an event
    scoped.track({});
    // @ts-expect-error: an id is a string or a number
    scoped.track({ event: "Anything", userId: true });
    // @ts-expect-error: the scope has no groupId
    scoped.group({});
    // @ts-expect-error: the client's own calls do not know what is around them
    client.track({ event: "Anything" });
  });
  client.withScope({ anonymousId: "d", groupId: 5 }, (scoped) => {
    scoped.group({});
    scoped.group({ groupId: "6", traits: { size: 3 } });
    scoped.identify({ traits: { email: "a@example.com" } });
  });
  // @ts-expect-error: a scope without an identity gives none
  client.withScope({ properties: { plan: "Pro" } }, (scoped) => scoped.track({ event: "Anything" }));
  // @ts-expect-error: nor does one that has it perhaps
  client.withScope({ userId: perhaps }, (scoped) => scoped.track({ event: "Anything" }));
  // @ts-expect-error: a scope has no such field
  client.withScope({ user: "1" }, () => {});
  planned.withScope({ userId: "1" }, (scoped) => {
    scoped.track({ event: "Signed Up", properties: { plan: "Pro" } });
    // @ts-expect-error: the plan has no such event
    scoped.track({ event: "Anything" });
    // @ts-expect-error: the plan asks for properties
    scoped.track({ event: "Order Completed" });
  });
}

interface Order {
  orderId: string;
  lines: readonly { sku: string }[];
}
class Account {
  readonly email: string = "name@example.com";
  readonly plan: string = "Free";
  get isPaid(): boolean {
    return this.plan !== "Free";
  }
}
interface Where {
  ip: string;
  page: { url: string };
}

export function interfacesAndClasses(client: Pintle, order: Order, where: Where): void {
  client.track({ userId: "1", event: "Order Completed", properties: order, context: where });
  client.identify({ userId: "1", traits: new Account() });
  client.group({ userId: "1", groupId: 1, traits: { ...new Account(), seats: 5 } });
  client.track({ userId: "1", event: "Chosen", integrations: { All: false, Slack: { channel: "a" } } });
}

export function knownFields(client: Pintle): void {
  client.identify({
    userId: "1",
    traits: { email: "a@example.com", plan: "Free", address: { city: "Vienna", floor: 3 } },
  });
  client.identify({ userId: "1", traits: { email: null, createdAt: new Date(), age: undefined } });
  // @ts-expect-error: an address of a mailbox is text
  client.identify({ userId: "1", traits: { email: 5 } });
  // @ts-expect-error: also inside
  client.identify({ userId: "1", traits: { address: { city: 5 } } });
  // @ts-expect-error: also in an interface
  client.identify({ userId: "1", traits: {} as { age: string } });
  // @ts-expect-error: revenue is a number
  client.track({ userId: "1", event: "Paid", properties: { revenue: "12" } });
  // @ts-expect-error: an address is text
  client.track({ userId: "1", event: "Paid", context: { ip: 5 } });
  // @ts-expect-error: a speed is a number
  client.track({ userId: "1", event: "Paid", context: { location: { speed: "fast" } } });
  client.track({ userId: "1", event: "Paid", context: { location: { latitude: 48.2, floor: 3 }, tenant: { id: 5 } } });
}

export function writable(): void {
  new Pintle("key", url, {
    beforeSend(message) {
      message.userId = "hashed";
      message.context ??= {};
      message.context.region = "eu";
      delete message.context.ip;
      if (message.type !== "track") return message;
      message.event = message.event.trim();
      message.properties = { ...message.properties, at: 1 };
      message.properties.more = [1];
      return { ...message, integrations: { All: true } };
    },
  });
  // @ts-expect-error: what is sent is a message
  new Pintle("key", url, { beforeSend: () => ({ type: "track" }) });
  // @ts-expect-error: it answers now
  new Pintle("key", url, { beforeSend: async (message) => message });
}

export function events(client: Pintle): void {
  client
    .on("dropped", ({ message, reason }) => [message.messageId, reason])
    .once("delivered", ({ messageIds }) => messageIds.length);
  // @ts-expect-error: there is no such event
  client.on("delivred", () => {});
  // @ts-expect-error: there is no such event
  client.once("flush", () => {});
  void client.flush({ timeout: "1.5s" });
  // @ts-expect-error: no duration
  void client.flush({ timeout: "soon" });
  // @ts-expect-error: no unit of a duration
  void client.close({ timeout: "5 parsecs" });
  // @ts-expect-error: no duration
  new Pintle("key", url, { interval: "5 minutes" });
}

export function oneBase(receipt: Receipt): string {
  const error: CodedError | undefined = receipt.error;
  if (error instanceof CodedError) return `${error.code} ${error.retryable}`;
  // @ts-expect-error: there is no such code
  return receipt.error?.code === "NOPE" ? "never" : "";
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

interface WholePlan extends ShopPlan {
  $identify: { email: string; plan?: "Free" | "Pro" };
  $group: { seats?: number };
  $page: { section: "shop" | "help" };
}

export function planOfEveryCall(): void {
  const client = new Pintle<WholePlan>("key", url);
  client.identify({ userId: "1", traits: { email: "a@example.com", plan: "Pro" } });
  client.group({ userId: "1", groupId: "g" });
  client.group({ userId: "1", groupId: "g", traits: { seats: 5 } });
  client.page({ anonymousId: "a", name: "Home", properties: { section: "shop" } });
  client.screen({ userId: "1", name: "Home", properties: { anything: 1 } });
  client.alias({ userId: "1", previousId: "2", traits: { anything: 1 } });
  client.enqueue({ type: "identify", userId: "1", traits: { email: "a@example.com" } });
  // @ts-expect-error: a trait is missing
  client.identify({ userId: "1" });
  // @ts-expect-error: a trait of the wrong type
  client.identify({ userId: "1", traits: { email: 5 } });
  // @ts-expect-error: a trait that is not in the plan
  client.identify({ userId: "1", traits: { email: "a@example.com", planet: "Mars" } });
  // @ts-expect-error: another section
  client.page({ userId: "1", name: "Home", properties: { section: "none" } });
  // @ts-expect-error: through enqueue
  client.enqueue({ type: "group", userId: "1", groupId: "g", traits: { seats: "5" } });
  // @ts-expect-error: no event is called as a call is
  client.track({ userId: "1", event: "$identify", properties: { email: "a@example.com" } });
  // @ts-expect-error: nobody
  client.identify({ traits: { email: "a@example.com" } });
}

export function fits(planned: Pintle<WholePlan>, other: Pintle<ShopPlan>, test: TestPintle<ShopPlan>): void {
  const takesAny = (client: Pintle): Pintle => client;
  for (const client of [takesAny(planned), takesAny(other), takesAny(test)]) {
    client.track({ userId: "1", event: "Signed Up" });
  }
}
