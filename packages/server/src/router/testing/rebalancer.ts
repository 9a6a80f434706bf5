import type { FakeClock } from "./fake-clock.ts";
import type { MemoryEngine } from "./memory-engine.ts";

/** Milliseconds between two moves on the clock, at most; most are far closer together. */
const longestPause = 10_000_000;

/**
 * Takes partitions away from whoever has them and gives them back, at random moments. It moves no
 * clock: what is on its way has as long to end as the test gives it.
 */
export class Rebalancer {
  readonly #engine: MemoryEngine;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #partitions: number;
  #cancel: () => void = () => {};
  #isOver = false;

  constructor(engine: MemoryEngine, clock: FakeClock, random: () => number, partitions: number) {
    this.#engine = engine;
    this.#clock = clock;
    this.#random = random;
    this.#partitions = partitions;
    this.#again();
  }

  /** Moves a partition, or none: now is one of the moments. */
  perhaps(): void {
    if (this.#random() < 0.5) this.#move();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  #again(): void {
    this.#cancel = this.#clock.after(Math.ceil(longestPause ** this.#random()), () => {
      this.#move();
      if (!this.#isOver) this.#again();
    });
  }

  #move(): void {
    if (this.#engine.hasCrashed) this.stop();
    if (!this.#isOver) void this.#pass(Math.floor(this.#random() * this.#partitions));
  }

  async #pass(partition: number): Promise<void> {
    try {
      // One behind the other: a member is done with a partition before it gets it back.
      await Promise.all([this.#engine.revoke(partition), this.#engine.assign(partition)]);
    } catch {
      // A member that cannot read what it needs does not have the partition. It gets it later.
      if (!this.#isOver) this.#clock.after(1000, () => void this.#pass(partition));
    }
  }
}
