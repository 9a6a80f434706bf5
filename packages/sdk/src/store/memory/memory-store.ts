import { QueueEntry } from "../entry.ts";
import type { NotAdded, Store } from "../store.ts";
import { ByteStore } from "./byte-store.ts";
import { MessageQueue } from "./queue.ts";

/** Messages in memory; in durable mode, those that are in memory as well. */
export class MemoryStore implements Store {
  readonly queue: MessageQueue = new MessageQueue();
  readonly bytes: ByteStore = new ByteStore();
  readonly unqueued = 0;
  readonly opening = undefined;
  readonly #limit: () => number;

  /** @param limit bytes that all messages together may have */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get room(): number {
    return this.#limit() - this.bytes.held;
  }

  add(json: string, lane: number, acceptedAt: number, most: number, makeRoom: () => boolean): QueueEntry | NotAdded {
    const entry = new QueueEntry(lane, acceptedAt);
    if (!this.bytes.write(entry, json, most)) return "too_large";
    while (this.room < 0) {
      if (makeRoom()) continue;
      this.bytes.free(entry);
      return "queue_full";
    }
    this.queue.push(entry);
    return entry;
  }

  end(_entries: readonly QueueEntry[], done: () => void): void {
    done();
  }

  free(entries: readonly QueueEntry[]): void {
    for (const entry of entries) this.bytes.free(entry);
  }

  leave(entries: readonly QueueEntry[]): readonly QueueEntry[] {
    return entries;
  }
}
