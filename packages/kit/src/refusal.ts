import { errorMessage } from "@pintle/events";
import { type Dead, dead, reasonOf } from "./outcome.ts";

/** An error for an event that the service would not take, thrown while its request is made. */
class EventRefusal extends Error {
  override readonly name = "EventRefusal";
  readonly reason: string;
  readonly detail: string | undefined;

  constructor(reason: string, detail: string | undefined) {
    super(detail ?? reason);
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * An error for `requests` to throw: the event becomes a dead letter with this reason, in place of
 * `request`.
 *
 * @param reason a short fixed word in small letters, like `too_old`: it names a counter, so nothing
 * of an event is in it
 * @param detail one line for people: which field, and what is wrong with it
 * @throws TypeError for a reason that is no such word
 */
export function refuse(reason: string, detail?: string): Error {
  return new EventRefusal(reasonOf(reason), detail);
}

export function isRefusal(error: unknown): boolean {
  return error instanceof EventRefusal;
}

/** The outcome of an event for which no request can be made; the thrown error says why. */
export function unmakeable(error: unknown): Dead {
  if (error instanceof EventRefusal)
    return dead(error.reason, error.detail === undefined ? {} : { detail: error.detail });
  return dead("request", { detail: errorMessage(error) });
}
