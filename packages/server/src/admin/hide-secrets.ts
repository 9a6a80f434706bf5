import type { ShownRequest } from "@pintle/kit";
import type { Hiding } from "@pintle/kit/values";

/** What destinations, libraries and the data plane say in words, under these names. */
const words: ReadonlySet<string> = new Set(["detail", "message", "error", "problem", "answer"]);

/**
 * Hides secrets in an answer of the admin port by what stands where: whole words in what somebody
 * says, keys in the fields of an event and in a request. Names, ids and counts are no place for a
 * secret.
 */
export function hideSecrets(value: unknown, hiding: Hiding): unknown {
  return hide(value, hiding, hiding.data);
}

function hide(value: unknown, hiding: Hiding, text: (text: string) => string): unknown {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return value.map((item) => hide(item, hiding, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]): [string, unknown] => {
      if (name === "event") return [name, hiding.data(inner)];
      if (name === "request" && typeof inner === "object") return [name, hiding.request(inner as ShownRequest)];
      return [name, hide(inner, hiding, words.has(name) ? hiding.words : text)];
    }),
  );
}
