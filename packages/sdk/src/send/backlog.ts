import type { Settings } from "../config.ts";
import type { MessageCounters } from "../counters.ts";
import { suffixBytes } from "../encode.ts";
import { PintleError } from "../errors.ts";
import { type Delivered, type Dropped, type DropReason, delivered, dropped } from "../outcome.ts";
import type { QueueEntry } from "../store/entry.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { NotAdded, Store, StoreHost } from "../store/store.ts";
import type { MessageBatch } from "./batch.ts";
import { Flushes } from "./flushes.ts";

/** Hears from the backlog what happens. No method throws; each may call the client. */
export interface BacklogObserver {
  /** Messages have ended. Their bytes are still there during the call. */
  ended(entries: readonly QueueEntry[], outcome: Delivered | Dropped): void;
  /** The first message waits. */
  busy(): void;
  /** Called when no message waits any more. */
  idle(): void;
  problem(error: PintleError, kind: string): void;
}

/**
 * Every message that has not ended: those in the store, and those that are out in batches. What
 * comes in and what ends passes here, and is counted here and nowhere else, in one step: so the
 * account is right at every instant.
 */
export class Backlog {
  readonly store: Store;
  readonly flushes: Flushes = new Flushes();
  readonly #settings: Settings;
  readonly #counters: MessageCounters;
  readonly #observer: BacklogObserver;

  constructor(
    settings: Settings,
    counters: MessageCounters,
    observer: BacklogObserver,
    host: Pick<StoreHost, "now" | "clock" | "after" | "hold" | "changed">,
  ) {
    this.#settings = settings;
    this.#counters = counters;
    this.#observer = observer;
    const memory = new MemoryStore(() => settings.maxQueueBytes - counters.stagedBytes);
    this.store =
      settings.durable?.open(settings, memory, {
        ...host,
        recovered: (count, bytes) => {
          counters.accepted(bytes, count);
          if (counters.queued === count) observer.busy();
        },
        lost: (count, bytes, error) => {
          counters.drop("abandoned", bytes, count);
          this.flushes.lost(memory.queue.newestSeq, count);
          memory.queue.skip(count);
          observer.problem(error, "durable lost");
          this.#rest();
        },
        problem: (error, kind) => observer.problem(error, kind),
      }) ?? memory;
  }

  /**
   * Position of the newest message. Positions are given in the order in which messages come into
   * the queue.
   */
  get newest(): number {
    return this.store.queue.newestSeq + this.store.unqueued;
  }

  /** Messages that have not ended, but for those that have not come this far. */
  get pending(): number {
    return this.#counters.queued;
  }

  /**
   * Takes an encoded message, or says why not.
   *
   * @param lane hash of its user key
   * @param waiting batches whose messages may give way to it
   */
  add(json: string, lane: number, now: number, waiting: Set<MessageBatch>): QueueEntry | NotAdded {
    const { maxMessageBytes, overflow } = this.#settings;
    const entry = this.store.add(
      json,
      lane,
      now,
      maxMessageBytes - suffixBytes,
      () => overflow === "drop-oldest" && this.#evict(waiting),
    );
    if (typeof entry === "string") return entry;
    this.#counters.accepted(entry.length);
    if (this.#counters.queued === 1) this.#observer.busy();
    return entry;
  }

  deliver(entries: readonly QueueEntry[]): void {
    this.#finish(entries, delivered, true);
  }

  /** Gives up messages that were out in a batch. */
  drop(entries: readonly QueueEntry[], reason: DropReason, error: PintleError): void {
    this.#finish(entries, dropped(reason, error), true);
  }

  /** Gives up messages of the queue, from the oldest on, while the function says so. */
  dropQueued(isGone: (entry: QueueEntry) => boolean, reason: DropReason, error: PintleError): void {
    this.#finish(this.#shift(isGone), dropped(reason, error), false);
  }

  /**
   * Gives up whatever has not ended, but what is on disk: that stays there, and pending.
   *
   * @param out messages that are out in batches
   */
  abandon(out: readonly QueueEntry[], error: PintleError): void {
    const { store } = this;
    for (const entry of out) store.queue.done(entry);
    this.#end(store.leave([...out, ...this.#shift(() => true)]), dropped("abandoned", error), false);
    if (this.#counters.pending > 0) this.#observer.idle();
  }

  #shift(isGone: (entry: QueueEntry) => boolean): QueueEntry[] {
    const { queue } = this.store;
    const gone: QueueEntry[] = [];
    while (queue.oldest !== undefined && isGone(queue.oldest)) gone.push(queue.shift()!);
    return gone;
  }

  /** Gives up the oldest message that is not in flight; false if there is none. */
  #evict(waiting: Set<MessageBatch>): boolean {
    const { queue } = this.store;
    let from: MessageBatch | undefined;
    let { oldest } = queue;
    for (const batch of waiting) {
      const candidate = batch.oldest!;
      if (oldest !== undefined && oldest.seq < candidate.seq) continue;
      oldest = candidate;
      from = batch;
    }
    if (oldest === undefined) return false;
    if (from === undefined) {
      queue.shift();
    } else {
      from.remove((entry) => entry === oldest);
      if (from.isEmpty) waiting.delete(from);
    }
    this.#finish([oldest], evicted, from !== undefined);
    return true;
  }

  /** A message ends only when that is written down. */
  #finish(entries: readonly QueueEntry[], outcome: Delivered | Dropped, wereOut: boolean): void {
    this.store.end(entries, () => this.#end(entries, outcome, wereOut));
  }

  #end(entries: readonly QueueEntry[], outcome: Delivered | Dropped, wereOut: boolean): void {
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (outcome.status === "delivered") this.#counters.deliver(entry.length);
      else this.#counters.drop(outcome.reason, entry.length);
      if (wereOut) this.store.queue.done(entry);
      entry.end(outcome);
    }
    this.flushes.ended(entries, outcome.status);
    this.#observer.ended(entries, outcome);
    this.store.free(entries);
    this.#rest();
  }

  #rest(): void {
    if (this.#counters.pending === 0) this.#observer.idle();
  }
}

/** One for all: an error is dear to make, and this one has nothing of its own to say. */
const evicted = dropped(
  "evicted",
  new PintleError("PINTLE_MESSAGE_EVICTED", "the queue was full when a newer message came"),
);
