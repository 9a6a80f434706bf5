import { errorMessage } from "@pintle/events";
import type { Left } from "../../outcome.ts";
import type { QueueEntry } from "../entry.ts";
import type { MemoryStore } from "../memory/memory-store.ts";
import type { MessageQueue } from "../memory/queue.ts";
import type { NotAdded, Store, StoreHost } from "../store.ts";
import { durableError } from "./durable-errors.ts";
import type { DurableStore } from "./durable-store.ts";
import { assertMove, type Moves } from "./moves.ts";
import { StoredEntry } from "./stored-entry.ts";

/** How long `close` waits for the disk, milliseconds. */
const closeTime = 5_000;

/** One for all, as for delivered messages. */
const left: Left = {
  status: "pending",
  reason: "closed",
  error: durableError("PINTLE_MESSAGE_LEFT_ON_DISK", "the client was closed before the message was delivered"),
};

type OpeningState = "opening" | "open" | "unavailable";

const moves: Moves<OpeningState> = { opening: ["open", "unavailable"], open: [], unavailable: [] };

/**
 * The store of a client in durable mode, from before its code is loaded. It is always in one of
 * these states, and moves only as shown:
 *
 *     opening --> open
 *        +------> unavailable
 *
 * - **opening**: code is loaded, and the folder opened. Messages gather here, behind what may be on
 *   disk.
 * - **open**: the {@link DurableStore} is there, and has all of them. (What is wrong with the
 *   folder is its own affair.)
 * - **unavailable**: the code could not be loaded. Messages are in memory alone.
 */
export class OpeningStore implements Store {
  readonly #memory: MemoryStore;
  readonly #host: StoreHost;
  readonly #opened: Promise<void>;
  #state: OpeningState = "opening";
  #store: DurableStore | undefined;
  #early: StoredEntry[] = [];

  constructor(load: () => Promise<DurableStore>, memory: MemoryStore, host: StoreHost) {
    this.#memory = memory;
    this.#host = host;
    // Not yet: the client is being made.
    this.#opened = Promise.resolve()
      .then(load)
      .then(
        (store) => this.#become("open", store),
        (error: unknown) => {
          this.#become("unavailable");
          const what = `durable mode cannot be loaded: ${errorMessage(error)}`;
          host.problem(durableError("PINTLE_DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
        },
      )
      .then(() => {
        for (const entry of this.#early.splice(0)) this.#take(entry);
        host.changed();
      });
  }

  get queue(): MessageQueue {
    return this.#memory.queue;
  }

  get opening(): Promise<void> | undefined {
    return this.#state === "opening" ? this.#opened : undefined;
  }

  get unqueued(): number {
    return (this.#store?.unqueued ?? 0) + this.#early.length;
  }

  get room(): number {
    return Math.min(this.#memory.room, this.#store?.room ?? Number.POSITIVE_INFINITY);
  }

  add(json: string, lane: number, acceptedAt: number, most: number): QueueEntry | NotAdded {
    const { room } = this;
    const { bytes } = this.#memory;
    const entry = new StoredEntry(lane, acceptedAt);
    if (!bytes.write(entry, json, most)) return "too_large";
    if (entry.length > room) {
      bytes.free(entry);
      return "queue_full";
    }
    this.#take(entry);
    return entry;
  }

  end(entries: readonly QueueEntry[], done: () => void): void {
    if (this.#store === undefined) done();
    else this.#store.end(entries.filter(isStored), done);
  }

  free(entries: readonly QueueEntry[]): void {
    this.#memory.free(entries);
    this.#store?.freed();
  }

  leave(entries: readonly QueueEntry[]): readonly QueueEntry[] {
    const all = entries.filter(isStored);
    for (const entry of all) if (entry.isStored) entry.end(left);
    const unstored = all.filter((entry) => !entry.isStored);
    return [...unstored, ...this.#early.splice(0), ...(this.#store?.leave(left) ?? [])];
  }

  /** Gives up on a disk that does not answer. */
  async close(): Promise<void> {
    const closed = this.#opened.then(() => this.#store?.close());
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = this.#host.after(closeTime, resolve);
    });
    await Promise.race([closed, tooLong]);
    cancel();
  }

  #become(state: OpeningState, store?: DurableStore): void {
    assertMove(moves, this.#state, state);
    this.#state = state;
    this.#store = store;
  }

  /** A new message, which has its bytes, goes where it belongs. */
  #take(entry: StoredEntry): void {
    if (this.#store !== undefined) {
      this.#store.add(entry);
    } else if (this.#state === "opening") {
      this.#early.push(entry);
    } else {
      entry.settleStored(false);
      this.#memory.queue.push(entry);
    }
  }
}

/** All messages of this store are made by it. */
function isStored(entry: QueueEntry): entry is StoredEntry {
  return entry instanceof StoredEntry;
}
