import type { EngineRecord } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { Deduper } from "../dedupe/deduper.ts";
import { type Account, messageOf } from "../ledger/counters.ts";
import type { PartitionState } from "../ledger/partition.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";

export interface ReaderOptions {
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly account: Account;
  /** Bytes for the next read of the log. */
  readonly readBytes: () => number;
  /** Finds what clients sent twice; `undefined`: nobody looks for it. */
  readonly deduper: ((partition: number) => Deduper) | undefined;
  /** Whether there is room for another record. */
  readonly mayRead: (partition: PartitionState) => boolean;
  /** Nothing is read any more. */
  readonly isOver: () => boolean;
  /** The records from the position to the start of the log are gone. */
  readonly skipGap: (partition: PartitionState) => Promise<void>;
  /** The next record, or what is left of it (`partition.part`), and which of its events are duplicates. */
  readonly take: (record: EngineRecord, partition: PartitionState, duplicates: Uint8Array | undefined) => void;
  /** Progress has moved. */
  readonly touched: (partition: PartitionState) => void;
}

/** Reads the partitions of one destination, record by record, as long as there is room; without room it waits for a signal. */
export class Reader {
  readonly #options: ReaderOptions;
  /** Those that wait for room. */
  #forRoom: (() => void)[] = [];
  #isStopped = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** It has come upon a record of a newer version, and stands before it. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  get isWaiting(): boolean {
    return this.#forRoom.length > 0;
  }

  /** There may be room, or no need to wait any more. */
  signal(): void {
    if (this.#forRoom.length === 0) return;
    const waiting = this.#forRoom;
    this.#forRoom = [];
    for (const go of waiting) go();
  }

  /** Reads a partition from its position on. It ends with the partition and never throws. */
  async read(partition: PartitionState): Promise<void> {
    const { account, random } = this.#options;
    let failures = 0;
    while (!this.#hasEnded(partition)) {
      try {
        await this.#room(partition);
        if (this.#hasEnded(partition)) return;
        await this.#readOnce(partition);
        failures = 0;
      } catch (error) {
        if (this.#hasEnded(partition)) return;
        if (error instanceof EngineError && error.code === "PINTLE_RECORD_TOO_NEW") {
          // To step over it would lose it, and a newer version will read it.
          this.#isStopped = true;
          account.report("record_too_new", error.message);
          return;
        }
        failures++;
        account.report("read", messageOf(error));
        await this.#delay(backoff(failures, random), partition);
      }
    }
  }

  /** One read of the log, and all that it gave; or a wait for something new. */
  async #readOnce(partition: PartitionState): Promise<void> {
    const { readBytes, deduper, skipGap, take, touched } = this.#options;
    const { source, window, abort } = partition;
    if (window.position < source.start()) await skipGap(partition);
    const from = window.position;
    const { records, next } = await source.read(from, readBytes());
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
        if (!this.#options.mayRead(partition)) await this.#room(partition);
        if (this.#hasEnded(partition)) return;
        take(record, partition, judgement?.of(record.offset));
      } while (partition.part !== undefined);
    }
    window.skipTo(next);
    touched(partition);
  }

  #hasEnded(partition: PartitionState): boolean {
    return partition.revoked || this.#options.isOver();
  }

  async #room(partition: PartitionState): Promise<void> {
    while (!this.#options.mayRead(partition) && !this.#hasEnded(partition)) {
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
