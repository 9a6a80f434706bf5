import type { ParkedFacts, ParkedSlice } from "../../records/retry-record.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { Window, WindowRecord } from "../ledger/window.ts";
import type { ConsumerLimits } from "../memory/limits.ts";
import type { Queue } from "../queues/queue.ts";
import type { Parked, ParkedRecord } from "./parked-lane.ts";
import type { ReadRecord } from "./retry-topic.ts";

export interface CompactionOptions {
  readonly limits: Pick<ConsumerLimits, "sliceEvents" | "sliceBytes" | "compactAbove">;
  readonly read: (slice: ParkedRecord) => Promise<ReadRecord>;
  /** Resolves when the record is durable, and in the window, which `added` is told at once. */
  readonly append: (
    slice: ParkedSlice,
    events: readonly ReadRecord["events"][number][],
    added: (record: WindowRecord) => void,
  ) => Promise<void>;
}

/**
 * Moves a lane forward in its topic as a whole: its events are copied behind everything else, and the last of the copies says that
 * they count from then on. Until it is durable the originals count, also after a crash.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  #copies = 0;

  constructor(options: CompactionOptions) {
    this.#options = options;
  }

  /** Events that stand in the window a second time, because a move is under way. */
  get copies(): number {
    return this.#copies;
  }

  /** Whether most of the topic has ended, and is only there because of something older that has not. */
  isDue({ finishedAbove, unfinished }: Window): boolean {
    return this.#copies === 0 && finishedAbove > Math.max(this.#options.limits.compactAbove, 2 * unfinished);
  }

  /** Rejects when it cannot be done; then the lane stands where it stood. */
  async move(parked: Parked, { window }: PartitionState, now: number): Promise<void> {
    const before = [...parked.slices];
    const pass = parked.pass + 1;
    const after: ParkedRecord[] = [];
    try {
      let part = 0;
      for await (const { facts, events, isLast } of this.#pieces(before, parked, now)) {
        const ending = isLast ? ({ complete: true } as const) : {};
        await this.#options.append({ lane: parked.name, pass, part: part++, ...ending, facts }, events, (record) => {
          this.#copies += record.events;
          after.push({ record, first: 0 });
        });
      }
    } catch (error) {
      for (const slice of after) finishAll(window, slice);
      this.#copies = 0;
      throw error;
    }
    const slices = parked.slices as Queue<ParkedRecord>;
    while (slices.size > 0) slices.shift();
    for (const slice of after) slices.push(slice);
    parked.pass = pass;
    parked.slicesOnceMoved = after.length;
    for (const slice of before) finishAll(window, slice);
    this.#copies = 0;
  }

  /** What has not ended, in pieces of the size of a record. */
  async *#pieces(
    slices: readonly ParkedRecord[],
    { history }: Parked,
    now: number,
  ): AsyncGenerator<{ facts: ParkedFacts[]; events: ReadRecord["events"][number][]; isLast: boolean }> {
    const { sliceEvents, sliceBytes } = this.#options.limits;
    let facts: ParkedFacts[] = [];
    let events: ReadRecord["events"][number][] = [];
    let bytes = 0;
    let isFirst = true;
    for (const slice of slices) {
      const content = await this.#options.read(slice);
      const each = Math.ceil(content.payload.length / Math.max(1, content.events.length));
      for (let index = slice.first; index < slice.record.events; index++) {
        if (slice.record.finished[index] === 1) continue;
        if (events.length === sliceEvents || (events.length > 0 && bytes + each > sliceBytes)) {
          yield { facts, events, isLast: false };
          [facts, events, bytes] = [[], [], 0];
        }
        const fact = content.facts[index]!;
        facts.push(isFirst && history !== undefined ? { ...fact, ...historyFacts(history, now) } : fact);
        isFirst = false;
        events.push(content.events[index]!);
        bytes += each;
      }
    }
    yield { facts, events, isLast: true };
  }
}

function historyFacts(
  { attempts, firstAttempt, only }: NonNullable<Parked["history"]>,
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
