// Types of the calls beside those of three other SDKs: what they refuse is refused, and what they
// take is taken. Where that is not so, the line says "differs", and docs/migrating.md lists it. The
// compiler is the test: an expected error that is none is an error itself.
import type { Pintle } from "@pintle/sdk";
import type RudderAnalytics from "@rudderstack/rudder-sdk-node";
import type { Analytics as SegmentAnalytics } from "@segment/analytics-node";
import type { PostHog } from "posthog-node";

declare const pintle: Pintle;
declare const segment: SegmentAnalytics;
declare const rudder: RudderAnalytics;
declare const posthog: PostHog;
declare const perhaps: string | undefined;

interface Order {
  orderId: string;
  total: number;
}
declare const order: Order;

export function taken(): void {
  for (const { track } of [pintle, segment, rudder]) {
    track({ userId: "1", event: "Paid" });
    track({
      anonymousId: "a",
      event: "Paid",
      properties: { total: 5, lines: [{ sku: "1" }], note: null, at: new Date() },
    });
    track({
      userId: "1",
      anonymousId: "a",
      event: "Paid",
      timestamp: new Date(),
      context: { ip: "203.0.113.9", tenant: "eu" },
    });
    track({
      userId: perhaps ?? "nobody",
      event: "Paid",
      integrations: { All: false, Slack: true, Mail: { list: "a" } },
    });
  }
  for (const { identify } of [pintle, segment, rudder]) {
    identify({ userId: "1" });
    identify({ userId: "1", traits: { email: "a@example.com", createdAt: new Date(), plan: "Free", age: 42 } });
    identify({
      userId: "1",
      traits: { email: null, company: { name: "Company", id: 7 }, address: { city: "Vienna" } },
    });
  }
  for (const { group } of [pintle, segment, rudder])
    group({ userId: "1", groupId: "g", traits: { name: "Company", employees: 42 } });
  for (const { page } of [pintle, segment, rudder])
    page({ userId: "1", name: "Home", category: "Shop", properties: { url: "/" } });
  for (const { screen } of [pintle, segment, rudder]) screen({ userId: "1", name: "Home", properties: { url: "/" } });
  for (const { alias } of [pintle, segment, rudder]) alias({ userId: "1", previousId: "a" });

  // Interfaces: Segment and PostHog take them, RudderStack does not.
  for (const { track } of [pintle, segment]) track({ userId: "1", event: "Paid", properties: order });
  posthog.capture({ distinctId: "1", event: "Paid", properties: order });
  // Numbers as ids: ours alone.
  pintle.track({ userId: 1, event: "Paid" });
  // Segment's location is in texts.
  for (const { track } of [pintle, segment])
    track({ userId: "1", event: "Paid", context: { location: { latitude: "48.2" } } });
  for (const { track } of [pintle, segment])
    track({ userId: "1", event: "Paid", timestamp: "2026-11-01", messageId: "m" });
  // Each takes no properties at all, and undefined ones.
  for (const { track } of [pintle, segment])
    track({ userId: "1", anonymousId: undefined, event: "Paid", properties: undefined });
}

export function refused(): void {
  // @ts-expect-error: nobody
  pintle.track({ event: "Paid" });
  // @ts-expect-error: nobody
  segment.track({ event: "Paid" });
  // @ts-expect-error: nobody
  rudder.track({ event: "Paid" });
  // @ts-expect-error: perhaps nobody
  pintle.track({ userId: perhaps, event: "Paid" });
  // @ts-expect-error: perhaps nobody
  segment.track({ userId: perhaps, event: "Paid" });
  // @ts-expect-error: no event
  pintle.track({ userId: "1" });
  // @ts-expect-error: no event
  segment.track({ userId: "1" });
  // @ts-expect-error: no event
  rudder.track({ userId: "1" });
  // @ts-expect-error: no event
  posthog.capture({ distinctId: "1" });
  // @ts-expect-error: a text for properties
  pintle.track({ userId: "1", event: "Paid", properties: "none" });
  // @ts-expect-error: a text for properties
  segment.track({ userId: "1", event: "Paid", properties: "none" });
  // @ts-expect-error: a text for properties
  rudder.track({ userId: "1", event: "Paid", properties: "none" });
  // @ts-expect-error: a known trait of another type
  pintle.identify({ userId: "1", traits: { email: 5 } });
  // @ts-expect-error: a known trait of another type
  segment.identify({ userId: "1", traits: { email: 5 } });
  // @ts-expect-error: a known field of the context of another type
  pintle.track({ userId: "1", event: "Paid", context: { ip: 5 } });
  // @ts-expect-error: a known field of the context of another type
  segment.track({ userId: "1", event: "Paid", context: { ip: 5 } });
  // @ts-expect-error: no group
  pintle.group({ userId: "1" });
  // @ts-expect-error: no group
  segment.group({ userId: "1" });
  // @ts-expect-error: no group
  rudder.group({ userId: "1" });
  // @ts-expect-error: nobody
  pintle.alias({ previousId: "a" });
  // @ts-expect-error: nobody
  segment.alias({ previousId: "a" });
  // @ts-expect-error: nobody
  rudder.alias({ previousId: "a" });
  // @ts-expect-error: a text for an integration
  pintle.track({ userId: "1", event: "Paid", integrations: { Slack: "yes" } });
  // @ts-expect-error: a text for an integration
  segment.track({ userId: "1", event: "Paid", integrations: { Slack: "yes" } });
  // @ts-expect-error: no such event of the client
  pintle.on("nope", () => {});
  // @ts-expect-error: no such event of the client
  segment.on("nope", () => {});
}

export function differs(): void {
  // A page and a screen have a name, as the user's document says; at run time they are taken
  // without.
  for (const { page } of [segment, rudder]) page({ userId: "1" });
  // @ts-expect-error: differs
  pintle.page({ userId: "1" });
  segment.screen({ userId: "1" });
  // @ts-expect-error: differs
  pintle.screen({ userId: "1" });
  // RudderStack has properties of an alias where the protocol has traits.
  rudder.alias({ userId: "1", previousId: "a", properties: { plan: "Free" } });
  // @ts-expect-error: differs
  pintle.alias({ userId: "1", previousId: "a", properties: { plan: "Free" } });
  // PostHog makes an event of nobody, with an id of its own.
  posthog.capture({ event: "Paid" });
  // Known properties are checked by ours alone.
  for (const { track } of [segment, rudder]) track({ userId: "1", event: "Paid", properties: { revenue: "12" } });
  // @ts-expect-error: differs
  pintle.track({ userId: "1", event: "Paid", properties: { revenue: "12" } });
}
