/**
 * The gateway's rules: lenient, since every official SDK has to be understood. An event is an
 * object with a `userId` or an `anonymousId`; everything else is the destinations' affair. Source:
 * the answers of RudderStack's HTTP API.
 */
import { isBlank } from "../blank.ts";
import { idText } from "../user-key.ts";

/** `object`: no JSON object. `id`: neither `userId` nor `anonymousId`. */
export type EventFault = "object" | "id";

export function checkEvent(event: unknown): EventFault | undefined {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return "object";
  const { userId, anonymousId } = event as { userId?: unknown; anonymousId?: unknown };
  return hasId(userId) || hasId(anonymousId) ? undefined : "id";
}

/**
 * The fault that a batch is refused for: an item that is no object goes before one without ids,
 * wherever it stands.
 */
export function checkEvents(events: readonly unknown[]): EventFault | undefined {
  let fault: EventFault | undefined;
  for (const event of events) {
    const found = checkEvent(event);
    if (found === "object") return found;
    if (found !== undefined) fault = found;
  }
  return fault;
}

function hasId(id: unknown): boolean {
  return typeof id === "string" ? !isBlank(id) : id !== undefined && id !== null && !isBlank(idText(id));
}
