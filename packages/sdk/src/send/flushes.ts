import type { QueueEntry } from "../store/entry.ts";

/** What became of the messages that a flush waited for. See {@link Pintle.flush}. */
export interface FlushResult {
  readonly delivered: number;
  readonly dropped: number;
  /** Messages that had not ended when the time was over. */
  readonly pending: number;
}

/** A flush that waits for every message up to `mark`. */
interface Waiter {
  readonly mark: number;
  readonly result: { delivered: number; dropped: number; pending: number };
  readonly finish: () => void;
}

/** Callers who wait for messages to end. */
export class Flushes {
  readonly #waiters = new Set<Waiter>();

  /**
   * @param mark position of the last message that is waited for
   * @param pending how many messages have not ended; none of them is behind the mark
   * @param over resolves when there is no more time
   */
  async wait(mark: number, pending: number, over: Promise<void>): Promise<FlushResult> {
    const result = { delivered: 0, dropped: 0, pending };
    if (pending === 0) return result;
    let finish = (): void => {};
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const waiter = { mark, result, finish };
    this.#waiters.add(waiter);
    await Promise.race([ended, over]);
    this.#waiters.delete(waiter);
    return result;
  }

  ended(entries: readonly QueueEntry[], outcome: "delivered" | "dropped"): void {
    for (const waiter of this.#waiters) {
      this.#count(waiter, outcome, entries.filter(({ seq }) => seq <= waiter.mark).length);
    }
  }

  /**
   * Messages without entries have been dropped: that many, from the position behind `before` on.
   */
  lost(before: number, count: number): void {
    for (const waiter of this.#waiters) {
      this.#count(waiter, "dropped", Math.min(count, Math.max(0, waiter.mark - before)));
    }
  }

  #count({ result, finish }: Waiter, outcome: "delivered" | "dropped", count: number): void {
    result[outcome] += count;
    result.pending -= count;
    if (result.pending === 0) finish();
  }
}
