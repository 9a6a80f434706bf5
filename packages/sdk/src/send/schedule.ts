import { envelopeBytes, type Settings } from "../config.ts";
import type { QueueEntry } from "../store/entry.ts";
import type { MessageQueue } from "../store/memory/queue.ts";
import { MessageBatch, untilRegrouped } from "./batch.ts";
import type { ClientBreaker } from "./breaker.ts";

/**
 * Decides what is sent next, and when: batches that wait for a retry or for their next part, or a
 * new batch out of the queue, if that holds a batch's worth, or something that is due because of
 * `interval` or a flush.
 *
 * Near the end of the client it is *urgent*: everything is due.
 */
export class Schedule {
  /** Batches that are not out. */
  readonly waiting: Set<MessageBatch> = new Set();
  /**
   * Messages and bytes of one request, at most; a byte more, because the last comma is not sent.
   */
  readonly most: readonly [count: number, bytes: number];
  /** The position up to which every message is due. */
  dueMark = 0;
  isUrgent = false;
  readonly #settings: Settings;
  readonly #queue: MessageQueue;
  readonly #breaker: ClientBreaker;
  readonly #isWaitedFor: () => boolean;

  /** @param isWaitedFor whether somebody waits for room in the queue */
  constructor(settings: Settings, queue: MessageQueue, breaker: ClientBreaker, isWaitedFor: () => boolean) {
    this.#settings = settings;
    this.#queue = queue;
    this.#breaker = breaker;
    this.#isWaitedFor = isWaitedFor;
    this.most = [settings.batchSize, settings.maxBatchBytes - envelopeBytes + 1];
  }

  get hasFullBatch(): boolean {
    const [count, bytes] = this.most;
    return this.#queue.count >= count || this.#queue.bytes >= bytes - 1;
  }

  /** Takes what is to be sent now, if there is anything. */
  next(now: number): MessageBatch | undefined {
    let due: MessageBatch | undefined;
    for (const batch of this.waiting) {
      if (batch.dueAt <= now && (due === undefined || batch.comesBefore(due))) due = batch;
    }
    const fresh = this.#queue.oldestTakeable;
    if (fresh !== undefined && this.#dueAt(fresh) <= now && this.#prefersFresh(fresh, due, now)) {
      const entries = this.#queue.take(...this.most);
      if (entries.length > 0) return new MessageBatch(entries);
    }
    if (due !== undefined) this.waiting.delete(due);
    return due;
  }

  /**
   * The next moment at which time alone changes something. Answers and calls do so by themselves.
   */
  moment(now: number, inFlight: number): number {
    const fresh = this.#queue.oldestTakeable;
    let send = fresh === undefined ? Number.POSITIVE_INFINITY : this.#dueAt(fresh);
    let oldest = this.#queue.oldest?.acceptedAt ?? Number.POSITIVE_INFINITY;
    for (const batch of this.waiting) {
      send = Math.min(send, batch.dueAt);
      oldest = Math.min(oldest, batch.oldest!.acceptedAt);
    }
    const expire = oldest + this.#settings.maxAge;
    if (this.#breaker.mode(now) === "open") return Math.min(expire, Math.max(send, this.#breaker.openUntil!));
    return this.#breaker.permits(now, inFlight) ? Math.min(expire, send) : expire;
  }

  /** Makes every batch due that does not wait for the number of nodes. */
  allDue(now: number): void {
    for (const batch of this.waiting) if (batch.dueAt !== untilRegrouped) batch.dueAt = now;
  }

  hurry(now: number): void {
    this.isUrgent = true;
    this.dueMark = Number.POSITIVE_INFINITY;
    this.#breaker.reset();
    for (const batch of this.waiting) batch.forgetFailures();
    this.allDue(now);
  }

  /** When the messages in the queue, of which this is the oldest, may be sent. */
  #dueAt(oldest: QueueEntry): number {
    const isDue = oldest.seq <= this.dueMark || this.hasFullBatch || this.#isWaitedFor();
    return isDue ? 0 : oldest.acceptedAt + this.#settings.interval;
  }

  /** Whether a new batch goes before the waiting one that is due. */
  #prefersFresh(fresh: QueueEntry, due: MessageBatch | undefined, now: number): boolean {
    if (due === undefined) return true;
    // Everything once, in order, before anything twice.
    if (this.isUrgent) return due.hasFailed || fresh.seq < due.oldest!.seq;
    // A probe with messages that have not failed, because those that have may be the reason; but
    // not ever more batches.
    return this.#breaker.mode(now) === "probing" && this.waiting.size < this.#settings.concurrency;
  }
}
