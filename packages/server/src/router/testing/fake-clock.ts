import type { Clock } from "../time/clock.ts";

interface FakeTimer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  /** What `wall` adds to the time that has passed. Changing it is a jump of the system's clock. */
  wallOffset: number = Date.parse("2026-01-01T00:00:00Z");
  #now = 0;
  #order = 0;
  readonly #timers = new Set<FakeTimer>();

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.wallOffset + this.#now;
  }

  after(delay: number, task: () => void): () => void {
    const timer: FakeTimer = { at: this.#now + Math.max(0, delay), order: this.#order++, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves on by `milliseconds`, timer by timer, and lets everything that they set off settle after
   * each.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      let first: FakeTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.at > end) continue;
        if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
          first = timer;
      }
      if (first === undefined) break;
      this.#timers.delete(first);
      this.#now = Math.max(this.#now, first.at);
      first.task();
      await settle();
    }
    this.#now = end;
  }
}

/** Everything that only waits for promises has run when this resolves. */
export async function settle(): Promise<void> {
  await new Promise(setImmediate);
}
