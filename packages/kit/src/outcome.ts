import type { ShownRequest } from "./hiding.ts";

/**
 * The outcome of one event in one delivery. The destination says what happened; the router decides
 * what to do about it.
 *
 * - `delivered`: the destination has it;
 * - `filtered`: it is not for the destination, and nothing was sent;
 * - `retry`: it may succeed later with nothing changed but time;
 * - `dead`: this event will never succeed as it is; it becomes a dead letter.
 */
export type Outcome = Delivered | Filtered | Retry | Dead;

export interface Delivered {
  readonly outcome: "delivered";
  /** One line for people: what was wrong with the answer, although the event was delivered. */
  readonly detail?: string;
  /** The changes made to the event to suit the service. */
  readonly adjusted?: readonly Adjustment[];
}

/**
 * A part of an event that was shortened or left out, since the service would not have taken it.
 */
export interface Adjustment {
  /** A short fixed word; it is counted under this. */
  readonly reason: string;
  /** One line for people: which field. */
  readonly detail?: string;
}

export interface Filtered {
  readonly outcome: "filtered";
  /** A short fixed word; it is counted under this. */
  readonly reason: string;
  /** One line for people. */
  readonly detail?: string;
}

/** The description of a failure. */
interface NamedFailure {
  /**
   * A short fixed word under which outcomes are counted: `http_503`, `timeout`, `connect`. Never
   * made of an event's content: it names a counter.
   */
  readonly reason: string;
  /** One line for people: what went wrong. */
  readonly detail?: string;
  /** The answer, where there was one; it is kept with a dead letter. */
  readonly answer?: Answer;
  /**
   * The request that failed, without secrets; it is kept with a dead letter. The kit fills it in
   * for destinations reached by HTTP.
   */
  readonly request?: ShownRequest;
}

export interface Retry extends NamedFailure {
  readonly outcome: "retry";
  /**
   * The reach of the failure. `event`: only this one, so only the events of the same user key wait
   * behind it. `destination`: any event would have failed, so the destination stops and is probed.
   */
  readonly scope: "event" | "destination";
  /** Milliseconds before which the destination asks not to be called again (`Retry-After`). */
  readonly after?: number;
  /**
   * `false`: the event does not age while this lasts, however long (a rotated key kills nothing).
   * Default: `true`.
   */
  readonly ages?: boolean;
}

export interface Dead extends NamedFailure {
  readonly outcome: "dead";
  /**
   * `destination`: the event is at fault if it alone gets the outcome, and the destination if
   * several in a row do, such as 404 during a deploy. Default: the event is at fault.
   */
  readonly inARow?: "destination";
}

/** The part of an HTTP answer that is kept. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The first 10 KB as text. */
  readonly body: string;
  /** What was wrong with it, if it could not be read to its end. Its status counts all the same. */
  readonly flaw?: string;
}

export const delivered: Delivered = { outcome: "delivered" };

/** @throws TypeError for a reason that is not a word of a-z, 0-9 and _ */
export function filtered(reason: string): Filtered {
  return { outcome: "filtered", reason: reasonOf(reason) };
}

export function retry(
  scope: Retry["scope"],
  reason: string,
  more: Pick<Retry, "after" | "detail" | "answer" | "ages"> = {},
): Retry {
  return { outcome: "retry", scope, reason, ...more };
}

export function dead(reason: string, more: Pick<Dead, "detail" | "answer" | "inARow"> = {}): Dead {
  return { outcome: "dead", reason, ...more };
}

/** @throws TypeError for a reason that cannot name a counter */
export function reasonOf(reason: string): string {
  if (/^[a-z][a-z0-9_]{0,63}$/.test(reason)) return reason;
  throw new TypeError(`A reason is a word of a-z, 0-9 and _, like "too_old", not ${JSON.stringify(reason)}`);
}

/**
 * The verdict of `classify` on an event: its outcome, or that it has none yet because the service
 * refused the whole request over other events.
 */
export type Verdict = Outcome | Again | OneOf;

/** The verdict on an event with nothing wrong: it is sent again at once, without those at fault. */
export interface Again {
  readonly outcome: "again";
}

/**
 * The verdict on events one of which is at fault, when the service does not say which: they are
 * tried in halves.
 */
export interface OneOf {
  readonly outcome: "one_of";
  /** The outcome of the event found to be at fault. */
  readonly of: Dead;
}

export const again: Again = { outcome: "again" };

export function oneOf(of: Dead): OneOf {
  return { outcome: "one_of", of };
}

/**
 * The outcome of an event that was alone in its request, or cannot be sent once more by itself:
 * then it waits for the next attempt.
 */
export function settled(verdict: Verdict, isAlone: boolean): Outcome {
  if (verdict.outcome === "one_of" && isAlone) return verdict.of;
  if (verdict.outcome !== "again" && verdict.outcome !== "one_of") return verdict;
  return retry("event", "refused_with_others", {
    detail: "the request was refused because of other events than this one",
  });
}
