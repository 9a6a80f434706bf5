import { isObject } from "@pintle/events";
import { deepest } from "./nesting.ts";

/** A transparent GIF of one pixel, the 43 bytes that pixels of this field have always been. */
export const gif: Buffer = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");

export type PixelType = "track" | "page";

/**
 * The event that a pixel's query stands for, or `undefined` if there is nothing to store: a track
 * without the name of an event, or names that nest too deeply. Dotted names nest, values stay
 * strings, of a name that occurs twice the first value counts, and a value gives way to an object
 * that another name needs in its place.
 */
export function pixelEvent(type: PixelType, query: URLSearchParams): Record<string, unknown> | undefined {
  const event = emptyObject();
  const seen = new Set<string>(["writeKey"]);
  for (const [name, value] of query) {
    if (seen.has(name)) continue;
    seen.add(name);
    const path = name.split(".");
    if (path.length >= deepest) return undefined;
    let here = event;
    for (const key of path.slice(0, -1)) {
      if (!isObject(here[key])) here[key] = emptyObject();
      here = here[key] as Record<string, unknown>;
    }
    const last = path.at(-1) ?? name;
    if (!isObject(here[last])) here[last] = value;
  }
  // Templates of e-mails put the id in quotes.
  if (typeof event.anonymousId === "string") event.anonymousId = event.anonymousId.replace(/^"(.*)"$/s, "$1");
  event.type = type;
  if (type === "page") event.name = event.name || "Unknown Page";
  else if (!event.event) return undefined;
  return event;
}

/** An object without a prototype, so that names such as `__proto__` are names like any other. */
function emptyObject(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}
