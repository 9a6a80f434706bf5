import { type Scalar, typeOf, type ValueType } from "./types.ts";

/** Told of each leaf: the keys on the way to it, joined by `_`, and its value. */
export type Leaf = (key: string, value: Scalar, type: ValueType) => void;

/**
 * Flattens an object: nested objects by their keys, arrays as JSON text. `null`, empty texts, objects and arrays are left
 * out. Keys keep their order.
 *
 * @param jsonKeys joined keys whose value becomes JSON as a whole
 */
export function flatten(value: unknown, prefix: string, jsonKeys: ReadonlySet<string> | undefined, leaf: Leaf): void {
  if (typeof value !== "object" || value === null) return;
  // `__proto__` is an own key where a client sent it, and `Object.keys` lists it.
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (isEmpty(inner)) continue;
    const joined = prefix === "" ? key : `${prefix}_${key}`;
    if (jsonKeys?.has(joined) === true) leaf(joined, jsonText(inner), "json");
    else if (typeof inner === "object") {
      if (Array.isArray(inner)) leaf(joined, jsonText(inner), "array");
      else flatten(inner, joined, jsonKeys, leaf);
    } else if (typeof inner === "string") {
      const text = cleanText(inner);
      if (text !== "") leaf(joined, text, typeOf(text));
    } else leaf(joined, inner as Scalar, typeOf(inner as Scalar));
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (typeof value !== "object") return false;
  for (const _ in value) return false;
  return true;
}

/** A text that databases can store: without U+0000, and with U+FFFD for a lone surrogate. */
export function cleanText(text: string): string {
  const stored = text.includes("\0") ? text.replaceAll("\0", "") : text;
  return /\p{Surrogate}/u.test(stored) ? stored.replace(/\p{Surrogate}/gu, "\ufffd") : stored;
}

/** JSON of which every text can be stored. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  // Only where `stringify` wrote an escape that databases refuse.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(cleaned(value));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  // `fromEntries` defines keys; assigning `__proto__` would not.
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleaned(inner)]));
}
