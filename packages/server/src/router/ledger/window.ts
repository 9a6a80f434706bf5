import type { Progress } from "@pintle/log";
import { Queue } from "../queues/queue.ts";

/** A record of which some events are not finished, or that has such records before it. */
export interface WindowRecord {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly events: number;
  /** Events that are not finished. */
  open: number;
  /** One byte for each event, 1 once it is finished. */
  readonly finished: Uint8Array;
  /** Bytes that are charged as long as one of its events is in memory: they share them. */
  shared: number;
  /** Events in memory. */
  held: number;
}

/**
 * The part of a partition in which not everything is finished, and from it the consumer's progress:
 * every event below `low` is finished, and so are the ones that `progress` lists.
 */
export class Window {
  readonly #records = new Queue<WindowRecord>();
  #position: number;
  #finishedAbove = 0;
  #unfinished = 0;

  /** @param position offset from which records are added */
  constructor(position: number) {
    this.#position = position;
  }

  /** Offset of the first record that was not read. */
  get position(): number {
    return this.#position;
  }

  /** Offset below which everything is finished. It never falls. */
  get low(): number {
    return this.#records.first?.offset ?? this.#position;
  }

  /** Events that are not finished. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Records that are held. */
  get size(): number {
    return this.#records.size;
  }

  /** Finished events at or above `low`: what `progress` will list. */
  get finishedAbove(): number {
    return this.#finishedAbove;
  }

  /** The oldest record with an event that is not finished. */
  get oldest(): WindowRecord | undefined {
    return this.#records.first;
  }

  /**
   * Adds the next record that was read. Its events are finished one by one; one without events is
   * so already.
   */
  add(offset: number, time: number, events: number): WindowRecord {
    if (offset < this.#position) throw new RangeError(`Offset ${offset} is below the position ${this.#position}`);
    const record = { offset, time, events, open: events, finished: new Uint8Array(events), shared: 0, held: 0 };
    this.#position = offset + 1;
    this.#unfinished += events;
    if (events > 0 || this.#records.first !== undefined) this.#records.push(record);
    return record;
  }

  /** Moves the position over offsets that have no record. */
  skipTo(position: number): void {
    if (position > this.#position) this.#position = position;
  }

  finish(record: WindowRecord, index: number): void {
    if (record.finished[index] !== 0)
      throw new RangeError(`Event ${index} of record ${record.offset} is finished already`);
    record.finished[index] = 1;
    record.open--;
    this.#unfinished--;
    this.#finishedAbove++;
    for (let first = this.#records.first; first?.open === 0; first = this.#records.first) {
      this.#finishedAbove -= first.events;
      this.#records.shift();
    }
  }

  progress(): Progress {
    let low: number | undefined;
    const finished: [number, number][] = [];
    for (const { offset, finished: flags, open, events } of this.#records) {
      // Only in `progressAfter` are there finished records in front.
      if (low === undefined && open === 0) continue;
      low ??= offset;
      if (open === events) continue;
      for (let index = 0; index < events; index++) if (flags[index] === 1) finished.push([offset, index]);
    }
    return { low: low ?? this.#position, finished };
  }

  /** What `progress` will be once these, which are not finished, are finished too. */
  progressAfter(events: readonly { readonly record: WindowRecord; readonly index: number }[]): Progress {
    for (const { record, index } of events) {
      record.finished[index] = 1;
      record.open--;
    }
    const progress = this.progress();
    for (const { record, index } of events) {
      record.finished[index] = 0;
      record.open++;
    }
    return progress;
  }
}
