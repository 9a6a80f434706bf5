import { stringifyJson } from "@pintle/events";

export interface FlattenOptions {
  /** Levels of objects that are taken apart; what lies deeper stays an object. @default all */
  readonly depth?: number;
  /** The text between the keys. @default "." */
  readonly separator?: string;
  /**
   * Lists as they are, by the positions of their items (`items.0.sku`), or as JSON. @default "keep"
   */
  readonly arrays?: "keep" | "index" | "text";
}

/**
 * One level of an object with objects in it: `{ a: { b: 1 } }` is `{ "a.b": 1 }`. Objects and lists
 * with nothing in them are left out where they are taken apart. Of two values that get the same
 * key, the first stays.
 */
export function flatten(
  object: Readonly<Record<string, unknown>>,
  { depth = Number.POSITIVE_INFINITY, separator = ".", arrays = "keep" }: FlattenOptions = {},
): Record<string, unknown> {
  const flat = new Map<string, unknown>();
  // The gateway bounds how deep an event is.
  function add(key: string, value: unknown, level: number): void {
    const isList = Array.isArray(value);
    if (typeof value === "object" && value !== null && level < depth && (!isList || arrays === "index")) {
      for (const [inner, each] of Object.entries(value)) add(`${key}${separator}${inner}`, each, level + 1);
    } else if (!flat.has(key)) flat.set(key, isList && arrays === "text" ? stringifyJson(value) : value);
  }
  for (const [key, value] of Object.entries(object)) add(key, value, 0);
  return Object.fromEntries(flat);
}
