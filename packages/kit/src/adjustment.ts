import type { EventRequest } from "./http-request.ts";
import type { Adjustment, Verdict } from "./outcome.ts";

/** Takes down that a field of an event was changed or left out: a reason as for `refuse`. */
export type Note = (reason: string, detail?: string) => void;

/** Takes down what is changed of events while a request is made of them. */
export interface Notes {
  /** The adjustments of a request's events, its `adjusted`. */
  readonly adjusted: readonly (readonly [position: number, reason: string, detail?: string])[];
  /** What is noted of the event at this position. */
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
 * The outcomes of what a request carries, each with what was changed of the event to suit the
 * service. Only what was delivered has been changed: what was not may go out otherwise.
 *
 * @param outcomeAt what became of the event, by its position among those that are carried
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
