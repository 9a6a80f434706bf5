import type { Answer, Dead, ShownRequest } from "@pintle/kit";

/**
 * How an event ended for one destination: what filter, transformation, delivery and retry all say
 * of it.
 */
export type Ending =
  /** The destination has it. */
  | { readonly kind: "delivered" }
  /** A duplicate: its client had sent it before. */
  | { readonly kind: "duplicate" }
  | FilteredEnding
  | DeadEnding
  /**
   * Parked: durable in the retry topic, from where it goes on. `events` need not keep it any
   * longer.
   */
  | { readonly kind: "parked" };

/** The end of an event that is not for the destination. */
export interface FilteredEnding {
  readonly kind: "filtered";
  /** The word under which it is counted. */
  readonly reason: string;
}

/** The end of an event that is given up, and becomes a dead letter. */
export interface DeadEnding {
  readonly kind: "dead";
  /** A short fixed word; it is counted under this. */
  readonly reason: string;
  /** One line for people. */
  readonly detail?: string;
  /** The destination's last answer, if it gave one, and the request that this was the answer to. */
  readonly answer?: Answer;
  readonly request?: ShownRequest;
}

export const delivered: Ending = { kind: "delivered" };
export const duplicate: Ending = { kind: "duplicate" };
export const parked: Ending = { kind: "parked" };

export function filtered(reason: string): FilteredEnding {
  return { kind: "filtered", reason };
}

/** What the destination refuses for good. */
export function deadEnding({ outcome: _outcome, inARow: _inARow, ...why }: Dead): DeadEnding {
  return { kind: "dead", ...why };
}
