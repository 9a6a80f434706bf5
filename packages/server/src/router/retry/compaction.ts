import { errorMessage } from "@pintle/events";
import type { RawEvent } from "@pintle/kit";
import type { ParkedFacts } from "../../records/retry-record.ts";
import type { Lane } from "../lanes/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { Window } from "../ledger/window.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { AttemptHistory, ParkedLane, ParkedRecord } from "./parked-lane.ts";
import type { RetryWriter } from "./retry-writer.ts";
import type { TopicReader } from "./topic-reader.ts";

export interface CompactionOptions {
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly partition: PartitionState;
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "compactAbove">;
  readonly reader: TopicReader;
  readonly writer: RetryWriter;
  readonly parked: ReadonlyMap<Lane, ParkedLane>;
  /** Steps of the retry topic: a lane may go on. */
  readonly steps: { goOn(parked: ParkedLane): void };
}

/** Ends of events until it is looked again whether a lane is to be moved: looking is dear. */
const lookEvery = 64;

/** Some events of a lane, of the size of a record. */
interface LanePiece {
  readonly facts: ParkedFacts[];
  readonly events: RawEvent[];
  readonly isLast: boolean;
}

/**
 * Moves a lane forward in its topic as a whole: its events are copied behind everything else, and
 * the last of the copies says that they count from then on. Until it is durable the originals
 * count, also after a crash.
 */
export class LaneCompaction {
  readonly #options: CompactionOptions;
  #copies = 0;
  #untilLook = 0;
  /** No lane is moved for a while, after one could not be. */
  #cancelPause: (() => void) | undefined;
  #moving: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
  }

  /** Events that stand in the window a second time, because a move is under way. */
  get copies(): number {
    return this.#copies;
  }

  /** Counts events of the topic that have ended. */
  ended(events: number): void {
    if (this.#untilLook <= 0) this.consider();
    this.#untilLook -= events;
  }

  /**
   * Moves a lane forward if that is worth it and it rests: the one that holds the low-water mark
   * back, or has too many records.
   */
  consider(): void {
    const { partition } = this.#options;
    if (this.#stopped || this.#cancelPause !== undefined) return;
    this.#untilLook = lookEvery;
    const parked = this.#isDue(partition.window) ? this.#oldest(partition.window) : this.#loosest();
    if (parked?.canMove === true) this.#moving = this.#compact(parked, partition);
  }

  /** Moves nothing more. Resolves when a move that is under way is done, or broken off. */
  async finish(): Promise<void> {
    this.stop();
    await this.#moving;
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    this.#stopped = true;
    this.#cancelPause?.();
  }

  /**
   * Whether most of the topic has ended, and is only there because of something older that has not.
   */
  #isDue({ finishedAbove, unfinished }: Window): boolean {
    return this.#copies === 0 && finishedAbove > Math.max(this.#options.limits.compactAbove, 2 * unfinished);
  }

  #oldest({ oldest }: Window): ParkedLane | undefined {
    for (const parked of this.#options.parked.values()) if (parked.records.first?.record === oldest) return parked;
    return undefined;
  }

  /** Where the topic is full, the lane with the most records, if it can do with fewer. */
  #loosest(): ParkedLane | undefined {
    const { writer, parked } = this.#options;
    if (!writer.isFull || this.#copies > 0) return undefined;
    let loosest: ParkedLane | undefined;
    for (const each of parked.values()) {
      const { records, recordsOnceMoved } = each;
      // Else it has been moved for that, and has as few as it can have.
      const isLoose = records.size > Math.max(10, 2 * recordsOnceMoved);
      if (isLoose && records.size > (loosest?.records.size ?? 0)) loosest = each;
    }
    return loosest;
  }

  async #compact(parked: ParkedLane, partition: PartitionState): Promise<void> {
    const { ledger, writer, steps, clock, random } = this.#options;
    parked.back = "moving";
    try {
      await this.#move(parked, partition);
    } catch (error) {
      if (!this.#stopped) {
        ledger.problems.note("retry_topic", `a lane cannot be moved: ${errorMessage(error)}`);
        this.#cancelPause = clock.after(backoff(4, random), () => {
          this.#cancelPause = undefined;
          this.consider();
        });
      }
    }
    parked.back = "settled";
    if (this.#stopped) return;
    ledger.touch(partition);
    writer.write(parked);
    steps.goOn(parked);
    this.consider();
  }

  /** Rejects when it cannot be done; then the lane stands where it stood. */
  async #move(parked: ParkedLane, { window }: PartitionState): Promise<void> {
    const { writer, clock } = this.#options;
    const before = [...parked.records];
    const pass = parked.pass + 1;
    const after: ParkedRecord[] = [];
    try {
      let part = 0;
      for await (const { facts, events, isLast } of this.#pieces(before, parked.history, clock.now())) {
        const ending = isLast ? ({ complete: true } as const) : {};
        await writer.append({ lane: parked.name, pass, part: part++, ...ending, facts }, events, (record) => {
          this.#copies += record.events;
          after.push({ record, first: 0 });
        });
      }
    } catch (error) {
      for (const copy of after) finishAll(window, copy);
      this.#copies = 0;
      throw error;
    }
    while (parked.records.size > 0) parked.records.shift();
    for (const copy of after) parked.records.push(copy);
    parked.pass = pass;
    parked.recordsOnceMoved = after.length;
    for (const record of before) finishAll(window, record);
    this.#copies = 0;
  }

  /** What has not ended. */
  async *#pieces(
    records: readonly ParkedRecord[],
    history: AttemptHistory | undefined,
    now: number,
  ): AsyncGenerator<LanePiece> {
    const { reader, limits } = this.#options;
    let facts: LanePiece["facts"] = [];
    let events: LanePiece["events"] = [];
    let bytes = 0;
    let isFirst = true;
    for (const parkedRecord of records) {
      const content = await reader.read(parkedRecord);
      const each = Math.ceil(content.payload.length / Math.max(1, content.events.length));
      for (let index = parkedRecord.first; index < parkedRecord.record.events; index++) {
        if (parkedRecord.record.finished[index] === 1) continue;
        const isFull = events.length === limits.sliceEvents || bytes + each > limits.sliceBytes;
        if (isFull && events.length > 0) {
          yield { facts, events, isLast: false };
          [facts, events, bytes] = [[], [], 0];
        }
        const fact = content.facts[index]!;
        facts.push(isFirst && history !== undefined ? { ...fact, ...historyFacts(history, now) } : fact);
        isFirst = false;
        events.push(content.events.at(index));
        bytes += each;
      }
    }
    yield { facts, events, isLast: true };
  }
}

function historyFacts(
  { attempts, firstAttempt, only }: AttemptHistory,
  now: number,
): Pick<ParkedFacts, "attempts" | "age" | "only"> {
  return {
    attempts,
    age: firstAttempt === undefined ? undefined : Math.round(now - firstAttempt),
    only: only === undefined ? undefined : [...only],
  };
}

function finishAll(window: Window, { record }: ParkedRecord): void {
  for (let index = 0; index < record.events; index++) if (record.finished[index] === 0) window.finish(record, index);
}
