import { errorMessage } from "@pintle/events";
import type { RawEvent } from "@pintle/kit";
import type { Engine } from "../../engine/engine.ts";
import { encodeSlice, type ParkedSlice } from "../../records/retry-record.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { WindowRecord } from "../ledger/window.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import { backoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { ParkedLane, PendingWrite } from "./parked-lane.ts";

export interface RetryWriterOptions {
  readonly topic: string;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  /** What it writes to. */
  readonly partition: PartitionState;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "parkedRecords" | "gatherFor">;
  /** Bounds how many records are known of all partitions. */
  readonly budget: MemoryBudget;
  /** Steps of the retry topic: what was written, and that there is no room. */
  readonly steps: { wrote(parked: ParkedLane): void; makeRoom(): void };
}

/**
 * Bytes that are kept of a record of the topic, and of the lane of which it may be the only one.
 */
const perRecord = 1000;

/**
 * Writes what comes for parked lanes into their topic: of each lane one record at a time, of all
 * lanes together as many as there are. What cannot be written now (the disk is full) is tried again
 * until it can; until then it counts as it did before.
 */
export class RetryWriter {
  readonly #options: RetryWriterOptions;
  /** Lanes with something that could not be written. */
  readonly #again = new Set<ParkedLane>();
  #failures = 0;
  #cancelAgain: (() => void) | undefined;
  /**
   * Completions of appends take turns, so that records enter the window in the order of their
   * offsets.
   */
  #appended: Promise<unknown> = Promise.resolve();
  #finishing = false;
  #stopped = false;

  constructor(options: RetryWriterOptions) {
    this.#options = options;
  }

  /** Whether the partition has as many records as may be known of it. */
  get isFull(): boolean {
    const { engine, topic, partition, limits, budget } = this.#options;
    const most = Math.min(limits.parkedRecords, budget.recordsOf(perRecord));
    return partition.window.size >= Math.max(1, Math.floor(most / engine.partitions(topic)));
  }

  /** Writes what there is of a lane. */
  write(parked: ParkedLane): void {
    if (!parked.canWrite || this.#finishing) return;
    const { steps } = this.#options;
    if (this.isFull) {
      this.#again.add(parked);
      steps.makeRoom();
      return;
    }
    const writes = this.#nextOf(parked);
    parked.back = "writing";
    const facts = writes.map((write) => write.facts);
    const events = writes.map(({ entry }) => entry.raw);
    const added = (record: WindowRecord): void => {
      if (this.#stopped) return;
      this.#failures = 0;
      parked.back = "settled";
      parked.records.push({ record, first: 0 });
      for (const { written } of writes) {
        parked.toWrite.shift();
        written();
      }
    };
    this.append({ lane: parked.name, pass: parked.pass, facts }, events, added).then(
      () => {
        if (this.#stopped) return;
        this.write(parked);
        steps.wrote(parked);
      },
      (error: unknown) => {
        if (this.#stopped) return;
        parked.back = "settled";
        this.#failed(parked, error);
      },
    );
  }

  /** The next writes of a lane, as many as fit into a record. */
  #nextOf({ toWrite }: ParkedLane): PendingWrite[] {
    const { sliceEvents, sliceBytes } = this.#options.limits;
    const writes: PendingWrite[] = [];
    let bytes = 0;
    for (const write of toWrite) {
      if (writes.length === sliceEvents) break;
      if (writes.length > 0 && bytes + write.bytes > sliceBytes) break;
      writes.push(write);
      bytes += write.bytes;
    }
    return writes;
  }

  /**
   * Writes what there is of a lane, and what comes for it in a moment. As long as others stand
   * before it that is no loss, and one record for each event would be many.
   */
  writeSoon(parked: ParkedLane): void {
    const { limits, clock } = this.#options;
    if (parked.records.size === 0 || parked.toWrite.size >= limits.sliceEvents) {
      this.write(parked);
    } else if (parked.back === "settled") {
      parked.back = "gathering";
      clock.after(limits.gatherFor, () => {
        if (parked.back !== "gathering") return;
        parked.back = "settled";
        this.write(parked);
      });
    }
  }

  /**
   * Resolves when the record is durable and `added`, which is called as soon as it is in the
   * window: of the two places where an event can be, it is always in one. Records come in the order
   * of their offsets.
   */
  append(slice: ParkedSlice, events: readonly RawEvent[], added: (record: WindowRecord) => void): Promise<void> {
    const { engine, topic, ledger, partition } = this.#options;
    if (this.#finishing) return Promise.reject(new Error(`partition ${partition.source.partition} was taken away`));
    const written = engine.append(topic, { partition: partition.source.partition, ...encodeSlice(slice, events) });
    // It may be refused while those before it are still awaited; that is not unhandled.
    written.catch(() => {});
    const inTurn = this.#appended.then(async () => {
      const { offset } = await written;
      const time = Math.min(...slice.facts.map((fact) => fact.time));
      added(partition.window.add(offset, time, slice.facts.length));
      if (!this.#stopped) ledger.touch(partition);
    });
    this.#appended = inTurn.catch(() => {});
    return inTurn;
  }

  /** Tries again to write what there was no room for. */
  tryAgain(): void {
    if (this.#again.size === 0 || this.#cancelAgain !== undefined || this.#finishing) return;
    const { clock, random } = this.#options;
    this.#failures++;
    this.#cancelAgain = clock.after(backoff(this.#failures, random, 0, longestShortWait), () => {
      this.#cancelAgain = undefined;
      const lanes = [...this.#again];
      this.#again.clear();
      for (const parked of lanes) this.write(parked);
    });
  }

  /** Writes nothing more. Resolves when what is being written is durable, or refused. */
  async finish(): Promise<void> {
    this.#finishing = true;
    this.#cancelAgain?.();
    await this.#appended;
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    this.#finishing = true;
    this.#stopped = true;
    this.#cancelAgain?.();
  }

  #failed(parked: ParkedLane, error: unknown): void {
    const { ledger, topic } = this.#options;
    const message = `events cannot be written to ${topic}: ${errorMessage(error)}`;
    // Once, and not for every lane of a full disk.
    if (this.#failures === 0) ledger.problems.report("retry_topic", message);
    else ledger.problems.note("retry_topic", message);
    this.#again.add(parked);
    this.tryAgain();
  }
}
