import { describe, type EventError } from "@pintle/events";
import type { WireMessage } from "./encode.ts";
import { ConfigError, type PintleError } from "./errors.ts";
import type { DropReason, RefusalReason } from "./outcome.ts";

/** What listeners are told; see `on`. */
export interface PintleEvents {
  /** One message that was taken, at the call, as it will be sent (but for `sentAt`). */
  readonly accepted: { readonly message: WireMessage };
  /** An answer that confirmed messages. */
  readonly delivered: { readonly messageIds: readonly string[] };
  /** One message that was given up, as it would have been sent. */
  readonly dropped: { readonly message: WireMessage; readonly reason: DropReason; readonly error: PintleError };
  /** One message that was not taken, as the caller gave it. */
  readonly refused: {
    readonly message: unknown;
    readonly messageId: string;
    readonly reason: RefusalReason;
    readonly error: PintleError | EventError;
  };
  /**
   * A problem that is not about one message: a request that failed, a wrong key, an option's
   * function that threw.
   */
  readonly error: PintleError;
}

/** The events that there are, for callers without types. */
export const eventNames: readonly (keyof PintleEvents)[] = ["accepted", "delivered", "dropped", "refused", "error"];

/** Throws ConfigError for an event that there is not, and for a listener that is no function. */
export function checkListener(event: unknown, listener: unknown): void {
  if (!(eventNames as readonly unknown[]).includes(event))
    throw new ConfigError("event", event, describe(event), `one of ${eventNames.join(", ")}`);
  if (typeof listener !== "function") throw new ConfigError("listener", listener, describe(listener), "a function");
}
