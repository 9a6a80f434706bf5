import type { Clock } from "../time/clock.ts";
import { type PartitionState, progressOf } from "./partition.ts";

/**
 * Finished events above the low-water mark from which progress is saved less often: a long list
 * costs more to save.
 */
const longList = 1000;

/** Saves how far the partitions of one destination have come, a while after it has moved. */
export class ProgressSaver {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #partitions: () => Iterable<PartitionState>;
  #cancel: (() => void) | undefined;
  /** Whether the save that is to come was put off because a list is long. */
  #isLate = false;
  #isStopped = false;

  /** @param interval milliseconds between two saves */
  constructor(clock: Clock, interval: number, partitions: () => Iterable<PartitionState>) {
    this.#clock = clock;
    this.#interval = interval;
    this.#partitions = partitions;
  }

  /** Progress has moved. */
  touch(partition: PartitionState): void {
    partition.dirty = true;
    if (this.#isStopped || (this.#cancel !== undefined && !this.#isLate)) return;
    // Once the list is short, a save that was put off is not waited for any more.
    const isLong = [...this.#partitions()].some(({ window }) => window.finishedAbove > longList);
    if (isLong && this.#cancel !== undefined) return;
    this.#cancel?.();
    this.#isLate = isLong;
    this.#cancel = this.#clock.after(isLong ? this.#interval * 10 : this.#interval, () => {
      this.#cancel = undefined;
      this.#save();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #save(): void {
    for (const partition of this.#partitions()) {
      if (!partition.dirty || partition.revoked) continue;
      partition.dirty = false;
      partition.source.save(progressOf(partition));
    }
  }
}
