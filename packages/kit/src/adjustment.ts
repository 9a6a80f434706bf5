import type { EventRequest } from "./http-request.ts";
import type { Adjustment, Outcome } from "./outcome.ts";

/**
 * The outcomes of what a request carries, each with what was changed of the event to suit the
 * service. Only what was delivered has been changed: what was not may go out otherwise.
 *
 * @param outcomeAt what became of the event, by its position among those that are carried
 */
export function adjustedOutcomes(
  { adjusted = [], events }: EventRequest,
  count: number,
  outcomeAt: (position: number) => Outcome | undefined,
): (Outcome | undefined)[] {
  return Array.from({ length: count }, (_, position) => {
    const outcome = outcomeAt(position);
    if (outcome?.outcome !== "delivered") return outcome;
    const its = adjusted.filter(([at]) => at === (events === undefined ? position : events[position]));
    if (its.length === 0) return outcome;
    const changes = its.map(
      ([, reason, detail]): Adjustment => ({ reason, ...(detail === undefined ? {} : { detail }) }),
    );
    return { ...outcome, adjusted: changes };
  });
}
