import { PintleError } from "./errors.ts";
import type { Keeper, KeeperHost } from "./keeper.ts";
import type { KeptEntry } from "./kept-entry.ts";

/** How long `close` waits for the disk, milliseconds. */
const closeTime = 5_000;

/**
 * The keeper of a client, from before it is there: until its code is loaded and its folder is open, messages gather here, behind
 * what may be on disk. Where the code cannot be loaded, they stay in memory.
 */
export class Keeping {
  /** Resolves when the keeper is there, or will not be. */
  readonly opened: Promise<void>;
  readonly #host: KeeperHost;
  readonly #memory: number;
  #state: "opening" | "open" | "hopeless" = "opening";
  #keeper: Keeper | undefined;
  #early: KeptEntry[] = [];
  #held = 0;

  /** @param memory bytes that may be held in memory */
  constructor(open: () => Promise<Keeper>, host: KeeperHost, memory: number) {
    this.#host = host;
    this.#memory = memory;
    this.opened = open()
      .then(
        (keeper) => {
          this.#keeper = keeper;
          this.#state = "open";
        },
        (error: unknown) => {
          this.#state = "hopeless";
          const what = `durable mode cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
          host.problem(new PintleError("DURABLE_UNAVAILABLE", what, { cause: error }), "durable");
        },
      )
      .then(() => {
        for (const entry of this.takeEarly()) this.add(entry);
        host.changed();
      });
  }

  get isOpening(): boolean {
    return this.#state === "opening";
  }

  get room(): number {
    return this.#keeper?.room ?? this.#memory - this.#held;
  }

  get unqueued(): number {
    return (this.#keeper?.unqueued ?? 0) + this.#early.length;
  }

  add(entry: KeptEntry): void {
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

  end(entries: readonly KeptEntry[], done: () => void): void {
    if (this.#keeper === undefined) done();
    else this.#keeper.end(entries, done);
  }

  freed(bytes: number): void {
    if (this.#keeper === undefined) this.#held -= bytes;
    else this.#keeper.freed(bytes);
  }

  /** Takes out the messages that are neither in the queue nor on disk. */
  takeUnstored(): KeptEntry[] {
    return [...this.takeEarly(), ...(this.#keeper?.takeUnstored() ?? [])];
  }

  takeEarly(): KeptEntry[] {
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
