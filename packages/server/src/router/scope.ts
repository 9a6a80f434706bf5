import type { Outcome } from "@pintle/destinations/kit";

/**
 * Whose trouble a failure is. The destination's word counts, with one exception: if it has delivered others since this
 * very event first failed, then a time-out or a broken answer is the event's doing and not the destination's. Without this,
 * one event on which a server hangs would stop its destination over and over.
 *
 * What the destination says about itself (`Retry-After`, refused credentials) is never doubted.
 *
 * @param deliveredAtFailure what the destination had delivered in all when this event first failed
 */
export function scopeOf(outcome: Outcome, delivered: number, deliveredAtFailure: number | undefined): Outcome["scope"] {
  if (outcome.scope === "event" || outcome.after !== undefined || outcome.ages === false) return outcome.scope;
  return deliveredAtFailure !== undefined && delivered > deliveredAtFailure ? "event" : "destination";
}
