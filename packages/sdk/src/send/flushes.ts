import type { Entry } from "../store/entry.ts";

/** What became of the messages that a flush waited for. See {@link Pintle.flush}. */
export interface FlushResult {
  readonly delivered: number;
  readonly dropped: number;
  /** Those that had neither ended when the time was over. */
  readonly pending: number;
}

/** Calls back when there is no more time, unless it has been cancelled by what it returns. */
export type Deadline = (over: () => void) => () => void;

/** A flush that waits for every message up to `mark`. */
class Waiter {
  readonly mark: number;
  delivered = 0;
  dropped = 0;
  pending: number;
  readonly finish: () => void;

  constructor(mark: number, pending: number, finish: () => void) {
    this.mark = mark;
    this.pending = pending;
    this.finish = finish;
  }
}

/** Who waits for messages to end. */
export class Flushes {
  readonly #waiters = new Set<Waiter>();

  /**
   * @param mark position of the last message that is waited for
   * @param pending how many messages have not ended; none of them is behind the mark
   */
  async wait(mark: number, pending: number, until: Deadline): Promise<FlushResult> {
    if (pending === 0) return { delivered: 0, dropped: 0, pending: 0 };
    const result = await new Promise<Waiter>((resolve) => {
      // Replaced below, unless the time is over before it has begun.
      let stop = (): void => {};
      const waiter = new Waiter(mark, pending, () => {
        this.#waiters.delete(waiter);
        stop();
        resolve(waiter);
      });
      this.#waiters.add(waiter);
      stop = until(waiter.finish);
    });
    return { delivered: result.delivered, dropped: result.dropped, pending: result.pending };
  }

  ended(entries: readonly Entry[], outcome: "delivered" | "dropped"): void {
    for (const waiter of this.#waiters) {
      for (const entry of entries) {
        if (entry.seq > waiter.mark) continue;
        waiter[outcome]++;
        waiter.pending--;
      }
      if (waiter.pending === 0) waiter.finish();
    }
  }

  /** Messages without entries have been dropped: that many, from the position behind `before` on. */
  lost(before: number, count: number): void {
    for (const waiter of this.#waiters) {
      const waited = Math.min(count, Math.max(0, waiter.mark - before));
      waiter.dropped += waited;
      waiter.pending -= waited;
      if (waiter.pending === 0) waiter.finish();
    }
  }
}
