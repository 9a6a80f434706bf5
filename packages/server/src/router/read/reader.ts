import { errorMessage } from "@pintle/events";
import { EngineError } from "../../engine/engine-error.ts";
import type { Deduper } from "../dedupe/deduper.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { Backpressure } from "./backpressure.ts";
import type { RecordTaker } from "./record-taker.ts";

export interface ReaderOptions {
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly taker: RecordTaker;
  readonly backpressure: Backpressure;
  readonly budget: MemoryBudget;
  /** Bytes for each read of the log, where there is memory for them. */
  readonly readBytes: number;
  /** Finds what clients sent twice; `undefined`: nobody looks for it. */
  readonly deduper: ((partition: number) => Deduper) | undefined;
}

/**
 * Reads the partitions of one destination, record by record, as long as there is room; without room
 * it waits for a signal.
 */
export class Reader {
  readonly #options: ReaderOptions;
  /** Callbacks of those that wait for room. */
  #forRoom: (() => void)[] = [];
  #isStopped = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Whether it has come upon a record of a newer version, and stands before it. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Reads on: there may be room. */
  pump(): void {
    if (this.#forRoom.length > 0 && this.#options.backpressure.isWorthReading) this.signal();
  }

  /** Ends the wait. */
  signal(): void {
    const waiting = this.#forRoom;
    this.#forRoom = [];
    for (const go of waiting) go();
  }

  /** Reads a partition from its position on. It ends with the partition and never throws. */
  async read(partition: PartitionState): Promise<void> {
    const { ledger, random } = this.#options;
    // Nothing of a record is kept once it is taken, and buffers for each read would be most of the
    // garbage.
    let buffer = new Uint8Array(0);
    const room = (bytes: number): Uint8Array => {
      if (buffer.length < bytes) buffer = new Uint8Array(bytes);
      return buffer;
    };
    let failures = 0;
    while (!this.#hasEnded(partition)) {
      try {
        await this.#room(partition);
        if (this.#hasEnded(partition)) return;
        await this.#readOnce(partition, room);
        failures = 0;
      } catch (error) {
        if (this.#hasEnded(partition)) return;
        if (error instanceof EngineError && error.code === "PINTLE_RECORD_TOO_NEW") {
          // To step over it would lose it, and a newer version will read it.
          this.#isStopped = true;
          ledger.problems.report("record_too_new", error.message);
          return;
        }
        failures++;
        ledger.problems.report("read", errorMessage(error));
        await this.#delay(backoff(failures, random), partition);
      }
    }
  }

  /** One read of the log, and all that it gave; or a wait for something new. */
  async #readOnce(partition: PartitionState, room: (bytes: number) => Uint8Array): Promise<void> {
    const { budget, readBytes, deduper, taker, ledger } = this.#options;
    const { source, window, abort } = partition;
    if (window.position < source.start()) await taker.skipGap(partition);
    const from = window.position;
    const { records, next } = await source.read(from, budget.readAhead(readBytes), room);
    // Records went while they were looked for: what was read begins behind them.
    if (from < source.start()) return;
    if (next === from) {
      await source.wait(from, abort.signal);
      return;
    }
    const judging = deduper?.(source.partition).judge(source, { from, records, next });
    const judgement = judging instanceof Promise ? await judging : judging;
    for (const record of records) {
      // In portions, where there is no room for all of it.
      do {
        if (!this.#mayRead(partition)) await this.#room(partition);
        if (this.#hasEnded(partition)) return;
        taker.take(record, partition, judgement?.of(record.offset));
        ledger.wake();
      } while (partition.part !== undefined);
    }
    window.skipTo(next);
    ledger.touch(partition);
  }

  #hasEnded(partition: PartitionState): boolean {
    return partition.revoked || this.#options.ledger.isStopping;
  }

  #mayRead({ window, part }: PartitionState): boolean {
    return this.#options.backpressure.mayRead(window, part !== undefined);
  }

  async #room(partition: PartitionState): Promise<void> {
    while (!this.#mayRead(partition) && !this.#hasEnded(partition)) {
      await new Promise<void>((resolve) => this.#forRoom.push(resolve));
    }
  }

  async #delay(milliseconds: number, { abort }: PartitionState): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = () => {
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(milliseconds, () => {
        abort.signal.removeEventListener("abort", stop);
        resolve();
      });
      abort.signal.addEventListener("abort", stop, { once: true });
    });
  }
}
