import type { EventRequest } from "./http-request.ts";
import type { Adjustment, Verdict } from "./outcome.ts";

/** Records that a field of an event was changed or left out, with a reason as for `refuse`. */
export type Note = (reason: string, detail?: string) => void;

/** Collects the changes made to events while a request is built from them. */
export interface Notes {
  /** The adjustments of a request's events, its `adjusted`. */
  readonly adjusted: readonly (readonly [position: number, reason: string, detail?: string])[];
  /** The note of the event at this position. */
  at(position: number): Note;
}

export function notes(): Notes {
  const adjusted: [position: number, reason: string, detail?: string][] = [];
  const at =
    (position: number): Note =>
    (reason, detail) => {
      adjusted.push(detail === undefined ? [position, reason] : [position, reason, detail]);
    };
  return { adjusted, at };
}

/**
 * The outcomes of the events in a request, each with the adjustments made to suit the service. Only
 * delivered events get adjustments: another attempt may send the rest differently.
 *
 * @param outcomeAt the event's outcome, by its position among those in the request
 */
export function adjustedOutcomes(
  { adjusted = [], events }: EventRequest,
  count: number,
  outcomeAt: (position: number) => Verdict | undefined,
): (Verdict | undefined)[] {
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
