import { uuid } from "../../uuid.ts";
import type { SegmentEvent } from "./context.ts";
import { validate } from "./validation-error.ts";

/** Fields of a call that an event carries, but for those that have a default. */
const fields = ["userId", "anonymousId", "event", "name", "category", "groupId", "previousId"] as const;

/** Calls that have traits; the others have properties. `alias` has neither. */
const withTraits: ReadonlySet<string> = new Set(["identify", "group"]);

/** The event of a call, as plugins see it. @throws ValidationError */
export function makeEvent(type: SegmentEvent["type"], params: object): SegmentEvent {
  const given = params as Readonly<Record<string, unknown>>;
  const event: SegmentEvent = {
    type,
    timestamp: (given.timestamp as Date | string | undefined) ?? new Date(),
    integrations: { ...(given.integrations as object) },
    context: { ...(given.context as object) },
    messageId: typeof given.messageId === "string" && given.messageId !== "" ? given.messageId : uuid(),
  };
  for (const field of fields) if (given[field] !== undefined) (event as Record<string, unknown>)[field] = given[field];
  if (withTraits.has(type)) event.traits = (given.traits ?? {}) as Record<string, unknown>;
  else if (type !== "alias") event.properties = (given.properties ?? {}) as Record<string, unknown>;
  validate(event);
  // The official SDK repeats it there.
  if (event.category !== undefined) event.properties = { category: event.category, ...event.properties };
  return event;
}
