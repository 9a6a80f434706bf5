import type { Retry } from "@pintle/kit";
import { longestBackoff } from "../time/backoff.ts";

/**
 * Decides whether a failure is the event's or the destination's. The destination's word counts,
 * with one exception: if it has delivered others since this very event first failed, then a
 * time-out or a broken answer is the event's doing and not the destination's. Without this, one
 * event on which a server hangs would stop its destination over and over.
 *
 * What the destination says about itself (`Retry-After`, refused credentials) is never doubted.
 *
 * @param deliveredAtFailure what the destination had delivered in all when this event first failed
 */
export function scopeOf(outcome: Retry, delivered: number, deliveredAtFailure: number | undefined): Retry["scope"] {
  if (outcome.scope === "event" || outcome.after !== undefined || outcome.ages === false) return outcome.scope;
  return deliveredAtFailure !== undefined && delivered > deliveredAtFailure ? "event" : "destination";
}

/**
 * Whether a destination wants other credentials, of its own or of an account: until somebody
 * changes them, asking does not help.
 */
export function refusesCredentials({ ages, answer }: Retry): boolean {
  return ages === false && (answer === undefined || answer.status === 401 || answer.status === 403);
}

/**
 * Reasons that say nothing about the event: no server was there to take it, and another attempt
 * finds another one.
 */
const absences: ReadonlySet<string> = new Set(["http_502", "http_503", "http_504", "network"]);

/** An event's own failures, while others get through, that make it the suspect. */
const doubted = 10;

/**
 * The bound of the waits of an event that fails while others are delivered, milliseconds: `most`,
 * so that a user's events need not be waited for. One that a server chokes on again and again (500,
 * a time-out) is tried less and less often, up to every 5 min: each attempt costs that server more
 * than it is worth.
 *
 * @param failures how often it has failed for reasons of its own
 */
export function longestOwnWait({ reason }: Pick<Retry, "reason">, failures: number, most: number): number {
  if (absences.has(reason) || failures <= doubted) return most;
  return Math.max(most, Math.min(longestBackoff, most * 2 ** (failures - doubted)));
}

/** What a failure is called for people. */
export function detailOf({ detail, reason }: Retry): string {
  return detail ?? reason;
}

/** The one of two failures that asks for the longer pause. */
export function worse(one: Retry | undefined, other: Retry): Retry {
  return one === undefined || (other.after ?? 0) > (one.after ?? 0) ? other : one;
}
