import { filtered, type Outcome } from "./outcome.ts";
import { unmakeable } from "./refusal.ts";

/**
 * The outcomes of events that are not sent, by position. An event the type has no use for is
 * filtered; one for which `accepts` throws is dead.
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
