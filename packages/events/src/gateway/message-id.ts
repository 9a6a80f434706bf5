import { visible } from "../blank.ts";
import { idText } from "../user-key.ts";

const plain = /^[\x21-\x7e]+$/;

/**
 * A client's `messageId` without invisible characters and outer white space, or `undefined` when
 * nothing is left or it is neither a string nor a number: then the gateway makes one. A number is
 * its text, digit for digit. Destinations drop repeats by it, so two ids that look alike must be
 * alike. Source: what RudderStack's gateway does with them.
 */
export function cleanMessageId(value: unknown): string | undefined {
  const text = typeof value === "number" || typeof value === "bigint" ? idText(value) : value;
  if (typeof text !== "string" || text === "") return undefined;
  if (plain.test(text)) return text;
  const cleaned = visible(text);
  return cleaned === "" ? undefined : cleaned;
}
