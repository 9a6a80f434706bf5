import type { DeliveredEvent } from "@pintle/events/gateway";

/**
 * The URL of a request without a body: with the event's properties, for `identify` its traits, as
 * its query. What is within something is named by the way to it, `address.city` and `items[0].sku`;
 * what is `null` or empty is left out, and so is whatever is called like a parameter that the URL
 * has already: no client changes what its owner wrote.
 */
export function withQuery(url: string, event: DeliveredEvent): string {
  const target = new URL(url);
  target.hash = "";
  const names = new Set(target.searchParams.keys());
  const parts: string[] = [];
  for (const [name, value] of parameters(sectionOf(event), "")) {
    if (!names.has(name)) parts.push(`${encoded(name)}=${encoded(value)}`);
  }
  if (parts.length === 0) return target.href;
  // Not by searchParams, which would write anew what the owner wrote.
  return `${target.href}${target.search === "" ? (target.href.endsWith("?") ? "" : "?") : "&"}${parts.join("&")}`;
}

function sectionOf({ type, properties, traits, context }: DeliveredEvent): unknown {
  if (type !== "identify") return properties;
  return traits ?? (context as { readonly traits?: unknown } | undefined | null)?.traits;
}

function* parameters(value: unknown, name: string): Generator<[name: string, value: string]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* parameters(item, `${name}[${index}]`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* parameters(item, name === "" ? key : `${name}.${key}`);
  } else if (value !== undefined && value !== null && name !== "") yield [name, String(value)];
}

/** Encodes as `encodeURIComponent` does, which throws on half a character. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
