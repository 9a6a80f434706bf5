import type { EventError } from "@pintle/events";
import type { PintleError } from "./errors.ts";

/** Why a message was not taken. */
export const refusalReasons = [
  "invalid",
  "too_large",
  "filtered",
  "before_send",
  "queue_full",
  "disabled",
  "closed",
] as const;
/**
 * Why a message was not taken: a rule or a plan is broken (`invalid`), too many bytes
 * (`too_large`), `beforeSend` returned null (`filtered`) or threw (`before_send`), no room
 * (`queue_full`), the client is `disabled` or `closed`. See {@link Outcome}.
 */
export type RefusalReason = (typeof refusalReasons)[number];

/** Why a message that had been taken was given up. */
export const dropReasons = ["evicted", "rejected", "expired", "abandoned"] as const;
/**
 * Why a message that had been taken was given up: newer ones took its room (`evicted`), the data
 * plane refused it (`rejected`), not delivered within `maxAge` (`expired`), the client or the
 * program ended (`abandoned`). See {@link Outcome}.
 */
export type DropReason = (typeof dropReasons)[number];

/** The data plane has confirmed it. See {@link Outcome}. */
export interface Delivered {
  readonly status: "delivered";
}

/** A message that had been taken, and was given up. See {@link Outcome}. */
export interface Dropped {
  readonly status: "dropped";
  readonly reason: DropReason;
  readonly error: PintleError;
}

/** A message that was not taken. See {@link Outcome}. */
export interface Refused {
  readonly status: "refused";
  readonly reason: RefusalReason;
  readonly error: PintleError | EventError;
}

/**
 * A message that was left on disk, in durable mode: the client was closed before it had ended, and
 * the next one on the folder delivers it. See {@link Outcome}.
 */
export interface Left {
  readonly status: "pending";
  readonly reason: "closed";
  readonly error: PintleError;
}

/**
 * How a message ended.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Outcome } from "@pintle/sdk";
 *
 * function describe(outcome: Outcome): string {
 *   return outcome.status === "delivered" ? "delivered" : `${outcome.status} as ${outcome.reason}`;
 * }
 *
 * const paid = client.track({ userId: "123", event: "Paid" });
 * const wrong = client.track({ userId: "123", event: "" });
 * assert.equal(describe(await paid.delivered()), "delivered");
 * assert.equal(describe(await wrong.delivered()), "refused as invalid");
 * ```
 */
export type Outcome = Delivered | Dropped | Refused | Left;

/** One for all: a delivered message has nothing more to tell. */
export const delivered: Delivered = Object.freeze({ status: "delivered" });

export function dropped(reason: DropReason, error: PintleError): Dropped {
  return { status: "dropped", reason, error };
}
