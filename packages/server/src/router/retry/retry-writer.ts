import type { Engine } from "../../engine/engine.ts";
import { encodeSlice, type ParkedSlice } from "../../records/retry-record.ts";
import type { Entry, Lane } from "../lanes/lanes.ts";
import { type Account, messageOf } from "../ledger/counters.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { WindowRecord } from "../ledger/window.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import { backoff, longestShortWait } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { PendingWrite } from "./parked-lane.ts";

export interface RetryWriterOptions {
  readonly topic: string;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly account: Account;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "gatherFor">;
  readonly partition: () => PartitionState;
  /** Whether the topic has as many records as may be known of it. */
  readonly isFull: () => boolean;
  /** It is full: perhaps a lane can do with fewer records. */
  readonly considerCompaction: () => void;
  readonly touched: (partition: PartitionState) => void;
  /** A record of the lane is durable. */
  readonly wrote: (lane: Lane) => void;
}

/**
 * Writes what comes for parked lanes into their topic: of each lane one record at a time, of all lanes together as many as there are. What
 * cannot be written now (the disk is full) is tried again until it can; until then it counts as it did before.
 */
export class RetryWriter {
  readonly #options: RetryWriterOptions;
  /** Lanes with something that could not be written. */
  readonly #again = new Set<Lane>();
  #failures = 0;
  #cancelAgain: (() => void) | undefined;
  /** Completions of appends take turns, so that records enter the window in the order of their offsets. */
  #appended: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: RetryWriterOptions) {
    this.#options = options;
  }

  /** Writes what there is of a lane. */
  write(lane: Lane): void {
    const { limits, isFull, considerCompaction, wrote } = this.#options;
    const parked = lane.parked!;
    if (parked.isWriting || parked.isMoving || parked.toWrite.size === 0 || this.#stopped) return;
    if (isFull()) {
      this.#again.add(lane);
      considerCompaction();
      return;
    }
    const pending: PendingWrite[] = [];
    let bytes = 0;
    for (const write of parked.toWrite) {
      if (pending.length === limits.sliceEvents) break;
      if (pending.length > 0 && bytes + write.bytes > limits.sliceBytes) break;
      pending.push(write);
      bytes += write.bytes;
    }
    parked.isWriting = true;
    const facts = pending.map((write) => write.facts);
    const events = pending.map(({ entry }) => entry.event);
    const added = (record: WindowRecord): void => {
      if (this.#stopped) return;
      this.#failures = 0;
      parked.isWriting = false;
      parked.slices.push({ record, first: 0 });
      for (const { written } of pending) {
        parked.toWrite.shift();
        written();
      }
    };
    this.append({ lane: parked.name, pass: parked.pass, facts }, events, added).then(
      () => {
        if (this.#stopped) return;
        this.write(lane);
        wrote(lane);
      },
      (error: unknown) => {
        if (this.#stopped) return;
        parked.isWriting = false;
        this.#failed(lane, error);
      },
    );
  }

  /**
   * Writes what there is of a lane, and what comes for it in a moment. As long as others stand before it that is no loss, and one record for
   * each event would be many.
   */
  writeSoon(lane: Lane): void {
    const { limits, clock } = this.#options;
    const parked = lane.parked!;
    if (parked.slices.size === 0 || parked.toWrite.size >= limits.sliceEvents) {
      this.write(lane);
    } else if (!parked.isGathering) {
      parked.isGathering = true;
      clock.after(limits.gatherFor, () => {
        parked.isGathering = false;
        if (lane.parked === parked) this.write(lane);
      });
    }
  }

  /**
   * Resolves when the record is durable and `added`, which is called as soon as it is in the window: of the two places where an
   * event can be, it is always in one. Records come in the order of their offsets.
   */
  append(slice: ParkedSlice, events: readonly Entry["event"][], added: (record: WindowRecord) => void): Promise<void> {
    const { engine, topic, partition, touched } = this.#options;
    const written = engine.append(topic, encodeSlice(slice, events));
    // It may be refused while those before it are still awaited; that is not unhandled.
    written.catch(() => {});
    const inTurn = this.#appended.then(async () => {
      const { offset } = await written;
      const time = Math.min(...slice.facts.map((fact) => fact.time));
      added(partition().window.add(offset, time, slice.facts.length));
      if (!this.#stopped) touched(partition());
    });
    this.#appended = inTurn.catch(() => {});
    return inTurn;
  }

  /** There may be room for what could not be written. */
  tryAgain(): void {
    if (this.#again.size === 0 || this.#cancelAgain !== undefined) return;
    const { clock, random } = this.#options;
    this.#failures++;
    this.#cancelAgain = clock.after(backoff(this.#failures, random, 0, longestShortWait), () => {
      this.#cancelAgain = undefined;
      const lanes = [...this.#again];
      this.#again.clear();
      for (const lane of lanes) if (lane.parked !== undefined) this.write(lane);
    });
  }

  /** Nothing that still comes back counts. */
  stop(): void {
    this.#stopped = true;
    this.#cancelAgain?.();
  }

  #failed(lane: Lane, error: unknown): void {
    const { account, topic } = this.#options;
    const message = `events cannot be written to ${topic}: ${messageOf(error)}`;
    // Once, and not for every lane of a full disk.
    if (this.#failures === 0) account.report("retry_topic", message);
    else account.note("retry_topic", message);
    this.#again.add(lane);
    this.tryAgain();
  }
}
