import { messageTypes } from "../message.ts";

/**
 * The types of events that can be delivered. `merge` is an endpoint of the gateway, which gives its
 * events this type.
 */
export const knownTypes: readonly string[] = [...messageTypes, "merge"];
const known: ReadonlySet<unknown> = new Set(knownTypes);

/**
 * A type in the letters in which it is known, or `undefined` for anything else. Capitals and blanks
 * around it make no difference: RudderStack takes `Identify`, `TRACK` and `"track "`.
 */
export function knownType(type: unknown): string | undefined {
  if (known.has(type)) return type as string;
  if (typeof type !== "string" || type.length > 100) return undefined;
  const lower = type.trim().toLowerCase();
  return known.has(lower) ? lower : undefined;
}
