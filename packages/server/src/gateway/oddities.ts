import { readTime } from "@pintle/events";

/**
 * What clients do that the gateway puts up with, or has to refuse, and that their owner should know
 * of. Counted by source.
 *
 * - Requests: `not_a_number` (`NaN` or `Infinity`, read as null), `byte_order_mark` (skipped),
 *   `absolute_target` (`POST http://host/v1/batch`), `no_id` (refused for an event without an id,
 *   or with one that nobody can see).
 * - Times of events and batches: `numeric_time` (read), `unreadable_time` (taken for absent).
 */
export type Oddity =
  | "not_a_number"
  | "byte_order_mark"
  | "absolute_target"
  | "no_id"
  | "numeric_time"
  | "unreadable_time";

/** Counts by source and kind; what has not occurred is not listed. */
export type OddityCounts = Readonly<Record<string, Readonly<Partial<Record<Oddity, number>>>>>;

/**
 * What is odd about a time that a client sent, if something is. Null and an empty text are as good
 * as none.
 */
export function oddityOfTime(value: unknown): "numeric_time" | "unreadable_time" | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (readTime(value) === undefined) return "unreadable_time";
  return typeof value === "number" ? "numeric_time" : undefined;
}
