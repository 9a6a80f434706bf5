import type { EventError } from "@pintle/events";
import type { PintleError } from "./errors.ts";

/** Why a message was not taken. */
export const refusalReasons = ["invalid", "too_large", "filtered", "before_send", "queue_full", "closed"] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Why a message that had been taken was given up. */
export const dropReasons = ["evicted", "rejected", "expired", "abandoned"] as const;
export type DropReason = (typeof dropReasons)[number];

export interface Delivered {
  readonly status: "delivered";
}

export interface Dropped {
  readonly status: "dropped";
  readonly reason: DropReason;
  readonly error: PintleError;
}

export interface Refused {
  readonly status: "refused";
  readonly reason: RefusalReason;
  readonly error: PintleError | EventError;
}

/** In durable mode: the client was closed before the message had ended, and the next one on the folder delivers it. */
export interface Left {
  readonly status: "pending";
  readonly reason: "closed";
  readonly error: PintleError;
}

/** How a message ended. */
export type Outcome = Delivered | Dropped | Refused | Left;

/** One for all: a delivered message has nothing more to tell. */
export const delivered: Delivered = Object.freeze({ status: "delivered" });

export function dropped(reason: DropReason, error: PintleError): Dropped {
  return { status: "dropped", reason, error };
}
