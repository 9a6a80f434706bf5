import type { PintleError } from "../errors.ts";
import type { QueueEntry } from "./entry.ts";
import type { MessageQueue } from "./memory/queue.ts";

/**
 * Where messages are from their acceptance to their end: in memory, or on disk as well. Delivery
 * sees nothing else of durable mode.
 *
 * A message that is added comes to the queue, at once or in its turn. From there it is taken, goes
 * out in batches, and ends.
 */
export interface Store {
  /** Messages that are next: in memory, and not taken yet. */
  readonly queue: MessageQueue;
  /** Messages that will come to the queue by themselves, behind all that are in it. */
  readonly unqueued: number;
  /** Bytes that are free. */
  readonly room: number;
  /**
   * Resolves when it is known what comes first, before which nothing is taken; undefined from then
   * on.
   */
  readonly opening: Promise<void> | undefined;
  /**
   * Takes an encoded message, or says why not.
   *
   * @param acceptedAt milliseconds on the client's clock
   * @param most bytes that the message may have
   * @param makeRoom gives up an older message; false if there is none
   */
  add(json: string, lane: number, acceptedAt: number, most: number, makeRoom: () => boolean): QueueEntry | NotAdded;
  /**
   * Calls back when it is written down that these messages end, or when it cannot be: in memory at
   * once.
   */
  end(entries: readonly QueueEntry[], done: () => void): void;
  /** Takes back the bytes of messages that have ended. */
  free(entries: readonly QueueEntry[]): void;
  /**
   * The client ends. Leaves on disk what is there, and returns all other messages that have not
   * ended.
   *
   * @param entries those that were in the queue or in batches
   */
  leave(entries: readonly QueueEntry[]): readonly QueueEntry[];
  /**
   * Writes what is not written; never rejects. Absent where messages end with the program, and the
   * store has no end of its own.
   */
  close?(): Promise<void>;
}

/** Why a message was not added. */
export type NotAdded = "too_large" | "queue_full";

/** What a store on disk needs of its client. None of these throws. */
export interface StoreHost {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since the client was made: what `acceptedAt` is counted in. */
  clock(): number;
  /** Calls back once after that many milliseconds; returns what cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Keeps the program alive until the function that it returns is called. */
  hold(): () => void;
  /** Messages of an earlier client were found. */
  recovered(count: number, bytes: number): void;
  /** Messages that were counted, and come next, cannot be read any more. */
  lost(count: number, bytes: number, error: PintleError): void;
  /** Called when there may be something to send, or room. */
  changed(): void;
  problem(error: PintleError, kind: string): void;
}
