import type { EventError } from "@pintle/events";
import type { PintleError } from "./errors.ts";
import type { Accepted } from "./outbox/outbox.ts";
import type { Outcome, RefusalReason } from "./outcome.ts";

/**
 * What a call returns, at once.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Receipt } from "@pintle/sdk";
 *
 * const receipt: Receipt = client.track({ userId: "123", event: "Paid", messageId: "payment-7" });
 *
 * assert.equal(receipt.messageId, "payment-7");
 * assert.equal(receipt.accepted, true);
 * assert.equal((await receipt.delivered()).status, "delivered");
 * assert.equal(await receipt.stored(), false); // there is no durable mode
 * ```
 */
export interface Receipt {
  /** The id that the message has, or would have had. */
  readonly messageId: string;
  /** Whether the message was taken. A taken message is delivered, or dropped with a reason. */
  readonly accepted: boolean;
  /** Why it was not taken. */
  readonly error?: PintleError | EventError;
  /**
   * How the message ends; never rejects. The promise is made by this call, so a receipt that nobody
   * asks costs little.
   */
  delivered(): Promise<Outcome>;
  /**
   * Whether the message is on disk, synced: with the option `durable`, within a few milliseconds.
   * `false` without it, and where the disk failed; then the message is in memory only. Never
   * rejects.
   */
  stored(): Promise<boolean>;
}

export class AcceptedReceipt implements Receipt {
  readonly messageId: string;
  readonly accepted = true;
  readonly #message: Accepted;

  constructor(messageId: string, message: Accepted) {
    this.messageId = messageId;
    this.#message = message;
  }

  delivered(): Promise<Outcome> {
    return new Promise((resolve) => this.#message.whenEnded(resolve));
  }

  stored(): Promise<boolean> {
    return new Promise((resolve) => this.#message.whenStored(resolve));
  }
}

export class RefusedReceipt implements Receipt {
  readonly messageId: string;
  readonly accepted = false;
  readonly error: PintleError | EventError;
  readonly #reason: RefusalReason;

  constructor(messageId: string, reason: RefusalReason, error: PintleError | EventError) {
    this.messageId = messageId;
    this.error = error;
    this.#reason = reason;
  }

  delivered(): Promise<Outcome> {
    return Promise.resolve({ status: "refused", reason: this.#reason, error: this.error });
  }

  stored(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
