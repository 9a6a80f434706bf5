import type { DeliveredEvent } from "@pintle/events/gateway";
import { textOf } from "../field/usable.ts";

/**
 * The events of the e-commerce specification, version 2, that RudderStack and Segment share. Each
 * is about one product, or about an order or its checkout.
 */
const specified = {
  "Products Searched": "list",
  "Product List Viewed": "list",
  "Product List Filtered": "list",
  "Promotion Viewed": "other",
  "Promotion Clicked": "other",
  "Product Clicked": "product",
  "Product Viewed": "product",
  "Product Added": "product",
  "Product Removed": "product",
  "Cart Viewed": "list",
  "Checkout Started": "checkout",
  "Checkout Step Viewed": "checkout",
  "Checkout Step Completed": "checkout",
  "Payment Info Entered": "checkout",
  "Order Updated": "order",
  "Order Completed": "order",
  "Order Refunded": "order",
  "Order Cancelled": "order",
  "Coupon Entered": "other",
  "Coupon Applied": "other",
  "Coupon Denied": "other",
  "Coupon Removed": "other",
  "Product Added to Wishlist": "product",
  "Product Removed from Wishlist": "product",
  "Wishlist Product Added to Cart": "product",
  "Product Shared": "product",
  "Cart Shared": "list",
  "Product Reviewed": "product",
} as const;

/** The name of an event in the e-commerce specification. */
export type CommerceEvent = keyof typeof specified;

/** The version 2 names of version 1 events. */
const earlier: Readonly<Record<string, CommerceEvent>> = {
  "Viewed Product Category": "Product List Viewed",
  "Viewed Product": "Product Viewed",
  "Added Product": "Product Added",
  "Removed Product": "Product Removed",
  "Completed Order": "Order Completed",
  "Started Order": "Checkout Started",
};

const names: ReadonlyMap<string, CommerceEvent> = new Map([
  ...Object.keys(specified).map((name) => [comparable(name), name as CommerceEvent] as const),
  ...Object.entries(earlier).map(([name, now]) => [comparable(name), now] as const),
]);

export function isAbout(name: CommerceEvent, what: "product" | "checkout"): boolean {
  return specified[name] === what;
}

/** The specification's name of an event, however its client writes it. */
export function commerceName({ event }: DeliveredEvent): CommerceEvent | undefined {
  return names.get(comparable(textOf(event) ?? ""));
}

/**
 * The service's name for an event: by the owner's table, under the name as sent or the
 * specification's, else by the type's table. `null` means that the owner does not want the event;
 * `undefined` means that no table has it.
 *
 * @param table the type's own: the specification's name, and the service's
 * @param overrides the setting `events`
 */
export function mappedName(
  event: DeliveredEvent,
  table: Readonly<Partial<Record<CommerceEvent, string>>>,
  overrides: Readonly<Record<string, string | null>> = {},
): string | null | undefined {
  const standard = commerceName(event);
  const sent = comparable(textOf(event.event) ?? "");
  const keys = Object.keys(overrides);
  const own =
    keys.find((key) => comparable(key) === sent) ??
    (standard === undefined ? undefined : keys.find((key) => comparable(key) === comparable(standard)));
  if (own !== undefined) return overrides[own];
  return standard === undefined ? undefined : table[standard];
}

/** Makes names comparable: ignores case, and treats a run of blanks, `_` and `-` as one. */
function comparable(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, " ");
}
