import { errorMessage } from "@pintle/events";
import type { Left } from "../../outcome.ts";
import type { Deadline, FlushResult } from "../../send/flushes.ts";
import type { MessageStore, StoreHost } from "../store.ts";
import { durableError } from "./durable-errors.ts";
import { StoredEntry } from "./stored-entry.ts";

/** How long `close` waits for the disk, milliseconds. */
const closeTime = 5_000;

/** One for all, as for delivered messages. */
const left: Left = {
  status: "pending",
  reason: "closed",
  error: durableError("MESSAGE_LEFT_ON_DISK", "the client was closed before the message was delivered"),
};

/**
 * The keeper of a client, from before it is there: until its code is loaded and its folder is open, messages gather here, behind
 * what may be on disk. Where the code cannot be loaded, they stay in memory.
 */
export class OpeningStore {
  /** Resolves when the keeper is there, or will not be. */
  readonly opened: Promise<void>;
  readonly #host: StoreHost;
  readonly #memory: number;
  #state: "opening" | "open" | "unavailable" = "opening";
  #keeper: MessageStore | undefined;
  #early: StoredEntry[] = [];
  #held = 0;

  /** @param memory bytes that may be held in memory */
  constructor(open: () => Promise<MessageStore>, host: StoreHost, memory: number) {
    this.#host = host;
    this.#memory = memory;
    // Not yet: the client is being made.
    this.opened = Promise.resolve()
      .then(open)
      .then(
        (keeper) => {
          this.#keeper = keeper;
          this.#state = "open";
        },
        (error: unknown) => {
          this.#state = "unavailable";
          const what = `durable mode cannot be loaded: ${errorMessage(error)}`;
          host.problem(durableError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
        },
      )
      .then(() => {
        for (const entry of this.#takeEarly()) this.add(entry);
        host.changed();
      });
  }

  get isOpening(): boolean {
    return this.#state === "opening";
  }

  /** A wait for messages to end that begins before the folder is open: only then is it known what there is to wait for. */
  async waitFromOpening(ends: (until: Deadline) => Promise<FlushResult>, until: Deadline): Promise<FlushResult> {
    let isOver = false;
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const stop = until(() => {
      isOver = true;
      end();
    });
    await Promise.race([this.opened, over]);
    const result = await ends((later) => {
      if (isOver) later();
      end = later;
      return stop;
    });
    stop();
    return result;
  }

  get room(): number {
    return this.#keeper?.room ?? this.#memory - this.#held;
  }

  get unqueued(): number {
    return (this.#keeper?.unqueued ?? 0) + this.#early.length;
  }

  /** A message that is about to be accepted. */
  entry(lane: number, acceptedAt: number): StoredEntry {
    return new StoredEntry(lane, acceptedAt);
  }

  add(entry: StoredEntry): void {
    if (this.#keeper !== undefined) {
      this.#keeper.add(entry);
      return;
    }
    this.#held += entry.length;
    if (this.#state === "opening") {
      this.#early.push(entry);
    } else {
      entry.settleStored(false);
      this.#host.enqueue(entry);
    }
  }

  end(entries: readonly StoredEntry[], done: () => void): void {
    if (this.#keeper === undefined) done();
    else this.#keeper.end(entries, done);
  }

  freed(bytes: number): void {
    if (this.#keeper === undefined) this.#held -= bytes;
    else this.#keeper.freed(bytes);
  }

  /** The client ends. Tells those that are on disk that they stay there, and returns the others. */
  leave(queued: readonly StoredEntry[]): StoredEntry[] {
    for (const entry of queued) if (entry.isStored) entry.end(left);
    const unstored = queued.filter((entry) => !entry.isStored);
    return [...unstored, ...this.#takeEarly(), ...(this.#keeper?.leave(left) ?? [])];
  }

  #takeEarly(): StoredEntry[] {
    const early = this.#early;
    this.#early = [];
    for (const { length } of early) this.#held -= length;
    return early;
  }

  /** Writes what is not written; gives up on a disk that does not answer. `after` is the client's timer. */
  async close(after: (milliseconds: number, callback: () => void) => () => void): Promise<void> {
    const closed = this.opened.then(() => this.#keeper?.close());
    let cancel = (): void => {};
    const tooLong = new Promise<void>((resolve) => {
      cancel = after(closeTime, resolve);
    });
    await Promise.race([closed, tooLong]);
    cancel();
  }
}
