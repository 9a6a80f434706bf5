import type { ShownRequest } from "./hiding.ts";

/**
 * What became of one event in one delivery. The destination says what happened; the router decides
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
  /** One line for people: what was wrong with the answer all the same. */
  readonly detail?: string;
  /** What of the event was changed to suit the service. */
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

/** What a failure is known by. */
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
   * The request that came to this, without secrets; it is kept with a dead letter. The kit fills it
   * in for destinations reached by HTTP.
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
   * `destination`: this event's trouble if it alone gets the outcome, the destination's if several
   * in a row do, as while what takes them is replaced (404). Default: the event's.
   */
  readonly inARow?: "destination";
}

/** An HTTP answer, as far as it is kept. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The first 10 KB as text. */
  readonly body: string;
  /** What was wrong with it, if it could not be read to its end. Its status counts all the same. */
  readonly flaw?: string;
}

export const delivered: Delivered = { outcome: "delivered" };

/** @throws TypeError for a reason that is no word of a-z, 0-9 and _ */
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

/** @throws TypeError for what cannot name a counter */
export function reasonOf(reason: string): string {
  if (/^[a-z][a-z0-9_]{0,63}$/.test(reason)) return reason;
  throw new TypeError(`A reason is a word of a-z, 0-9 and _, like "too_old", not ${JSON.stringify(reason)}`);
}

/**
 * What `classify` says of an event: its outcome, or that it has none yet, since the service has
 * refused the whole request because of other events.
 */
export type Verdict = Outcome | Again | OneOf;

/**
 * The verdict on an event that nothing is wrong with: it goes out once more at once, without those
 * at fault.
 */
export interface Again {
  readonly outcome: "again";
}

/** The verdict on events of which one is at fault, no word which: they are tried in halves. */
export interface OneOf {
  readonly outcome: "one_of";
  /** The outcome of the one that is found. */
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
