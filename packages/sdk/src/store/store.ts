import type { PintleError } from "../errors.ts";
import type { Left } from "../outcome.ts";
import type { StoredEntry } from "./durable/stored-entry.ts";

/** Keeps messages on disk: durable mode, as the backlog sees it. Loaded only by clients that ask for it. */
export interface MessageStore {
  /** Bytes that are free, on disk or in memory, whichever is less. */
  readonly room: number;
  /** Pending messages that are not in the queue: on disk only, or behind those. */
  readonly unqueued: number;
  /** Takes a message that has been accepted: writes it, and enqueues it, now or in its turn. */
  add(entry: StoredEntry): void;
  /** Writes down that messages have ended; calls back when that is done, or cannot be done. */
  end(entries: readonly StoredEntry[], done: () => void): void;
  /** Messages that have ended have given their bytes back. */
  freed(bytes: number): void;
  /** The client ends. Of the messages that are not in the queue, ends those that are on disk with `left`, and returns the others. */
  leave(left: Left): StoredEntry[];
  /** Writes what is not written, and lets go of the folder. Never rejects. */
  close(): Promise<void>;
}

/** What a keeper does to the client. None of these throws. */
export interface StoreHost {
  /** Queues a message for delivery, behind all that were queued before. */
  enqueue(entry: StoredEntry): void;
  /** Gives a message its bytes again. */
  restore(entry: StoredEntry, bytes: Uint8Array): void;
  /** Takes the bytes of a message that is on disk. */
  release(entry: StoredEntry): void;
  /** Messages of an earlier client were found. */
  recovered(count: number, bytes: number): void;
  /** Messages that were counted cannot be read any more. */
  lost(count: number, bytes: number, error: PintleError): void;
  /** There may be something to send, or room. */
  changed(): void;
  problem(error: PintleError, kind: string): void;
  /** Milliseconds since the client was made: what `acceptedAt` is counted in. */
  clock(): number;
}
