import { filtered, type Outcome } from "./outcome.ts";
import { unmakeable } from "./refusal.ts";

/**
 * What becomes of the events that do not go out, by their positions: what the type has no use for
 * is filtered, and one of which it cannot be told is given up.
 */
export function unaccepted<Event>(
  events: readonly Event[],
  accepts: (event: Event) => true | string,
): ReadonlyMap<number, Outcome> {
  const ended = new Map<number, Outcome>();
  for (const [position, event] of events.entries()) {
    try {
      const accepted = accepts(event);
      if (accepted !== true) ended.set(position, filtered(accepted));
    } catch (error) {
      ended.set(position, unmakeable(error));
    }
  }
  return ended;
}
