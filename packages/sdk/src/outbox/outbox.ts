import type { Dropped, Outcome } from "../outcome.ts";
import type { DeliveryObserver } from "../send/delivery-observer.ts";
import type { FlushResult } from "../send/flushes.ts";
import type { Signal } from "../signal.ts";

/** A message that was accepted, for who wants to know its end. */
export interface Accepted {
  /** Calls back with how it ends, or has ended. */
  whenEnded(callback: (outcome: Outcome) => void): void;
  /** Calls back with whether it is on disk, when that is known. */
  whenStored(callback: (stored: boolean) => void): void;
}

/** What stands behind the calls: takes encoded messages, and sees to it that each of them ends. */
export interface Outbox {
  /** Whether it takes no messages any more. */
  readonly isClosed: boolean;
  /**
   * Takes a message, or says why not.
   *
   * @param lane hash of its user key
   * @param more the end of `json` that no function of the program's sees: fields that the model
   * does not know
   */
  accept(json: string, lane: number, more: string): Accepted | "too_large" | "queue_full";
  /** Resolves when there is room for one more message of the largest size. */
  ready(): Promise<void>;
  /**
   * Sends what was accepted before, and resolves when all of it has ended, or the time is over.
   * Never rejects.
   */
  flush(timeout: number, signal?: Signal): Promise<FlushResult>;
  /** Tries to deliver everything in that time, then gives up what is left. Never rejects. */
  close(timeout: number): Promise<FlushResult>;
}

/**
 * Hears from an outbox what happens, and encodes its messages. Only `encode` may throw.
 */
export interface OutboxHost extends DeliveryObserver {
  /** What is to be sent for what `enrich` gave. Throws where it is no message. */
  encode(result: unknown, original: string, more: string): { readonly json: string; readonly lane: number };
  /** A message that was enriched is queued. */
  queued(json: string): void;
  /** A message was given up before it was queued. */
  dropped(json: string, outcome: Dropped): void;
}
