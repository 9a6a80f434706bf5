import { stringifyJson } from "@pintle/events";

/** A text that databases can store: without U+0000, and with U+FFFD for a lone surrogate. */
export function cleanText(text: string): string {
  const stored = text.includes("\0") ? text.replaceAll("\0", "") : text;
  // Without the flag `u` it is quick, but takes pairs for lone ones.
  return /[\ud800-\udfff]/.test(stored) ? stored.replace(/\p{Surrogate}/gu, "\ufffd") : stored;
}

/** JSON of which every text can be stored. */
export function jsonText(value: unknown): string {
  const text = stringifyJson(value);
  // Only where `stringify` wrote an escape that databases refuse.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return stringifyJson(cleaned(value));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  // `fromEntries` defines keys; assigning `__proto__` would not.
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleaned(inner)]));
}

/** Whether nothing is said: `null`, and empty texts, objects and arrays. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (typeof value !== "object") return false;
  for (const _ in value) return false;
  return true;
}

/**
 * The text that a client has spread into an object, character by character: `{"0":"f","1":"o"}`,
 * counted from 0 or from 1. `undefined` for every other object.
 */
export function textByIndex(value: object): string | undefined {
  if (Array.isArray(value)) return undefined;
  // An engine lists whole numbers first and in their order, so nearly every object shows it here.
  for (const first in value) {
    if (first !== "0" && first !== "1") return undefined;
    break;
  }
  const keys = Object.keys(value);
  const from = Number(keys[0]);
  const characters = Object.values(value);
  const isSpread = keys.every((key, at) => key === String(from + at) && isCharacter(characters[at]));
  return isSpread ? characters.join("") : undefined;
}

/** A UTF-16 code unit, as `{...text}` gives it, or a pair of them, as iterating does. */
function isCharacter(value: unknown): boolean {
  return typeof value === "string" && (value.length === 1 || (value.length === 2 && [...value].length === 1));
}

/** A field as text; `undefined` for what counts as absent. */
export function textOf(value: unknown): string | undefined {
  // As nearly all are.
  if (typeof value === "string") return cleanText(value) || undefined;
  if (isEmpty(value)) return undefined;
  const sent = typeof value === "object" ? (textByIndex(value!) ?? jsonText(value)) : String(value);
  const text = cleanText(sent);
  return text === "" ? undefined : text;
}
