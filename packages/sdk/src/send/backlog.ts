import type { Settings } from "../config.ts";
import type { Counters } from "../counters.ts";
import { suffixBytes } from "../encode.ts";
import { PintleError } from "../errors.ts";
import { type Delivered, type Dropped, type DropReason, delivered, dropped } from "../outcome.ts";
import type { OpeningStore } from "../store/durable/opening-store.ts";
import type { StoredEntry } from "../store/durable/stored-entry.ts";
import { Entry } from "../store/entry.ts";
import { ByteStore } from "../store/memory/byte-store.ts";
import { Queue } from "../store/memory/queue.ts";
import type { StoreHost } from "../store/store.ts";
import type { Batch } from "./batch.ts";
import { Flushes } from "./flushes.ts";

/** Whom the backlog tells what happens. None of these throws; all of them may call the client. */
export interface BacklogObserver {
  /** Messages have ended. Their bytes are still there during the call. */
  ended(entries: readonly Entry[], outcome: Delivered | Dropped): void;
  /** The first message waits. */
  busy(): void;
  /** No message waits any more. */
  idle(): void;
  problem(error: PintleError, kind: string): void;
}

/**
 * Every message that has not ended: those in the queue, and those that are out in batches. What comes in and what ends
 * passes here, and is counted here and nowhere else, in one step: so the account is right at every instant.
 */
export class Backlog {
  readonly queue: Queue = new Queue();
  readonly flushes: Flushes = new Flushes();
  readonly #store = new ByteStore();
  readonly #settings: Settings;
  readonly #counters: Counters;
  readonly #observer: BacklogObserver;
  /** In durable mode. */
  #keeping: OpeningStore | undefined;
  /** Messages that were queued so far. */
  #queued = 0;

  constructor(settings: Settings, counters: Counters, observer: BacklogObserver) {
    this.#settings = settings;
    this.#counters = counters;
    this.#observer = observer;
  }

  /** Durable mode: from now on what is accepted is kept on disk, and what is found there is queued. */
  keep(start: (host: StoreHost) => OpeningStore, clock: () => number, changed: () => void): void {
    this.#keeping = start({
      enqueue: (entry) => this.#enqueue(entry),
      restore: (entry, bytes) => this.#store.copy(entry, bytes),
      release: (entry) => this.#store.free(entry),
      recovered: (count, bytes) => {
        this.#counters.accepted(bytes, count);
        if (this.#counters.queued === count) this.#observer.busy();
      },
      lost: (count, bytes, error) => {
        this.#counters.drop("abandoned", bytes, count);
        this.flushes.lost(this.#queued, count);
        this.#queued += count;
        this.#observer.problem(error, "durable lost");
        if (this.#counters.pending === 0) this.#observer.idle();
      },
      changed,
      problem: (error, kind) => this.#observer.problem(error, kind),
      clock,
    });
  }

  get keeping(): OpeningStore | undefined {
    return this.#keeping;
  }

  /** Position of the newest message. Positions are given in the order in which messages come into the queue. */
  get newest(): number {
    return this.#queued + (this.#keeping?.unqueued ?? 0);
  }

  /** Messages that have not ended, but for those that have not come this far. */
  get pending(): number {
    return this.#counters.queued;
  }

  /** Bytes that are free. */
  get room(): number {
    return this.#keeping?.room ?? this.#settings.maxQueueBytes - this.#counters.bytes;
  }

  /**
   * Takes an encoded message, or says why not.
   *
   * @param lane hash of its user key
   * @param waiting batches whose messages may give way to it
   */
  add(json: string, lane: number, now: number, waiting: Set<Batch>): Entry | "too_large" | "queue_full" {
    const { maxMessageBytes, overflow } = this.#settings;
    const keeping = this.#keeping;
    const entry = keeping === undefined ? new Entry(lane, now) : keeping.entry(lane, now);
    if (!this.#store.write(entry, json, maxMessageBytes - suffixBytes)) return "too_large";
    while (entry.length > this.room) {
      if (overflow === "drop-oldest" && this.#evict(waiting)) continue;
      this.#store.free(entry);
      return "queue_full";
    }
    // Only now: an eviction is told to listeners, which may make further calls.
    this.#counters.accepted(entry.length);
    if (keeping === undefined) this.#enqueue(entry);
    else keeping.add(entry as StoredEntry);
    if (this.#counters.queued === 1) this.#observer.busy();
    return entry;
  }

  #enqueue(entry: Entry): void {
    entry.seq = ++this.#queued;
    this.queue.push(entry);
  }

  deliver(entries: readonly Entry[]): void {
    this.#finish(entries, delivered, true);
  }

  /** Gives up messages that were out in a batch. */
  drop(entries: readonly Entry[], reason: DropReason, error: PintleError): void {
    this.#finish(entries, dropped(reason, error), true);
  }

  /** Gives up messages of the queue, from the oldest on, while the function says so. */
  dropQueued(isGone: (entry: Entry) => boolean, reason: DropReason, error: PintleError): void {
    const gone: Entry[] = [];
    while (this.queue.oldest !== undefined && isGone(this.queue.oldest)) gone.push(this.queue.shift()!);
    this.#finish(gone, dropped(reason, error), false);
  }

  /**
   * Gives up whatever has not ended, but what is on disk: that stays there, and pending.
   *
   * @param out messages that are out in batches
   */
  abandon(out: readonly StoredEntry[], error: PintleError): void {
    const all = [...out];
    while (this.queue.oldest !== undefined) all.push(this.queue.shift() as StoredEntry);
    this.#end(this.#keeping!.leave(all), dropped("abandoned", error), false);
    if (this.#counters.pending > 0) this.#observer.idle();
  }

  /** Gives up the oldest message that is not in flight; false if there is none. */
  #evict(waiting: Set<Batch>): boolean {
    let from: Batch | undefined;
    let { oldest } = this.queue;
    for (const batch of waiting) {
      const candidate = batch.oldest!;
      if (oldest !== undefined && oldest.seq < candidate.seq) continue;
      oldest = candidate;
      from = batch;
    }
    if (oldest === undefined) return false;
    if (from === undefined) {
      this.queue.shift();
    } else {
      from.remove((entry) => entry === oldest);
      if (from.isEmpty) waiting.delete(from);
    }
    this.#finish([oldest], evicted, from !== undefined);
    return true;
  }

  /** In durable mode a message ends only when that is on disk, too. */
  #finish(entries: readonly Entry[], outcome: Delivered | Dropped, wereOut: boolean): void {
    if (this.#keeping === undefined) this.#end(entries, outcome, wereOut);
    else this.#keeping.end(entries as readonly StoredEntry[], () => this.#end(entries, outcome, wereOut));
  }

  #end(entries: readonly Entry[], outcome: Delivered | Dropped, wereOut: boolean): void {
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (outcome.status === "delivered") this.#counters.deliver(entry.length);
      else this.#counters.drop(outcome.reason, entry.length);
      if (wereOut) this.queue.done(entry);
      entry.end(outcome);
    }
    this.flushes.ended(entries, outcome.status);
    this.#observer.ended(entries, outcome);
    for (const entry of entries) this.#store.free(entry);
    this.#keeping?.freed(entries.reduce((sum, { length }) => sum + length, 0));
    if (this.#counters.pending === 0) this.#observer.idle();
  }
}

/** One for all: an error is dear to make, and this one has nothing of its own to say. */
const evicted = dropped("evicted", new PintleError("MESSAGE_EVICTED", "the queue was full when a newer message came"));
