import { errorMessage } from "@pintle/events";
import type { ParkedFacts } from "../../records/retry-record.ts";
import type { DeadLetterWriter } from "../dead/dead-letter-writer.ts";
import { filterLater } from "../filter/filter.ts";
import { type Entry, newEntry } from "../lanes/entry.ts";
import type { Lanes } from "../lanes/lanes.ts";
import { filtered } from "../ledger/ending.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { PartitionState } from "../ledger/partition.ts";
import { type Holding, holdingOf, holdRaw } from "../memory/holding.ts";
import type { Backpressure } from "../read/backpressure.ts";
import { type TakeRules, unknownType } from "../read/take-record.ts";
import { backoff } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import type { ParkedLane, ParkedRecord } from "./parked-lane.ts";
import { GoneError, type ReadRecord, type TopicReader } from "./topic-reader.ts";

export interface LaneLoaderOptions {
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly backpressure: Backpressure;
  readonly rules: TakeRules;
  readonly deadLetters: DeadLetterWriter;
  readonly reader: TopicReader;
  readonly partition: PartitionState;
  /** What is in memory of all partitions, or about to be. */
  readonly loaded: () => Loaded;
}

/**
 * Events of the retry topic that are in memory, or about to be, and the bytes of those that are.
 */
export interface Loaded {
  readonly events: number;
  readonly bytes: number;
}

/** Stands in the place of an event that is lost. */
const nothing = { messageId: "" } as unknown as Entry["event"];

/**
 * Brings the first events of parked lanes back into memory, in the order in which the lanes became
 * due, as far as there is room.
 */
export class LaneLoader {
  readonly #options: LaneLoaderOptions;
  #queue: ParkedLane[] = [];
  /** Events in the records that are being read. */
  #reading = 0;
  #stopped = false;

  constructor(options: LaneLoaderOptions) {
    this.#options = options;
  }

  /** What is loaded of this partition. */
  get loaded(): Loaded {
    const { events, bytes } = this.#options.partition;
    return { events: events + this.#reading, bytes };
  }

  /** The lane's first record is to be loaded. */
  add(parked: ParkedLane): void {
    parked.front = "queued";
    this.#queue.push(parked);
    this.pump();
  }

  pump(): void {
    const { ledger, backpressure, loaded } = this.#options;
    if (!ledger.hasStarted || this.#stopped) return;
    while (this.#queue.length > 0 && backpressure.mayLoad(loaded())) {
      void this.#load(this.#queue.shift()!);
    }
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    this.#stopped = true;
  }

  async #load(parked: ParkedLane): Promise<void> {
    const { lanes, ledger, clock, random, reader } = this.#options;
    parked.front = "loading";
    const first = parked.records.first!;
    const { open } = first.record;
    this.#reading += open;
    const read = await reader.read(first).catch((error: unknown) => error as Error);
    this.#reading -= open;
    if (this.#stopped) return;
    if (read instanceof GoneError) this.#lost(parked, first, read.message);
    else if (read instanceof Error) {
      ledger.problems.report("read", errorMessage(read));
      parked.front = "resting";
      lanes.dueAt(parked.lane, clock.now() + backoff(1, random));
    } else {
      const entries = this.#entriesOf(first, read.facts, this.#holdings(first, read), read.payload.length);
      this.#loaded(parked, entries);
    }
    ledger.wake();
  }

  /** How the events that were read are held, each by its position. */
  #holdings({ record }: ParkedRecord, { payload, events }: ReadRecord): (index: number) => Holding {
    const { copies, fits, scan } = this.#options.rules;
    if (scan !== undefined) {
      record.shared = events.cost;
      return (index) => holdRaw(events.at(index));
    }
    const hold = holdingOf(payload, Math.max(1, events.length), copies, fits);
    return (index) => hold(events.at(index).parsed());
  }

  #loaded(parked: ParkedLane, entries: readonly Entry[]): void {
    const { lanes, ledger, deadLetters, rules } = this.#options;
    parked.front = "loaded";
    for (const entry of entries) ledger.enter(entry);
    // What the configuration said when they were written is not what it says now.
    const results = entries.map(({ filtered, sourceId }) =>
      filterLater(filtered, sourceId, rules.filter, rules.sources),
    );
    const meant = entries.filter((_, at) => results[at] === "deliver");
    const [first] = entries;
    if (parked.history !== undefined && first !== undefined && meant[0] === first) Object.assign(first, parked.history);
    if (meant.length > 0) lanes.loaded(parked.lane, meant);
    else lanes.emptied(parked.lane);
    for (const [at, entry] of entries.entries()) {
      const result = results[at]!;
      if (result === "type") {
        deadLetters.write(entry, { kind: "dead", reason: "type", detail: unknownType(entry.filtered) });
      } else if (result !== "deliver") ledger.end(entry, filtered(result));
    }
  }

  /** The topic does not give the record back: its events are dead letters that hold nothing. */
  #lost(parked: ParkedLane, record: ParkedRecord, detail: string): void {
    const { lanes, ledger, deadLetters } = this.#options;
    parked.front = "loaded";
    for (const entry of this.#entriesOf(record, [], () => ({ held: nothing, cost: 0 }), 0)) {
      ledger.enter(entry);
      deadLetters.write(entry, { kind: "dead", reason: "record", detail });
    }
    lanes.emptied(parked.lane);
  }

  #entriesOf(
    { record, first, absent }: ParkedRecord,
    facts: readonly ParkedFacts[],
    eventAt: (index: number) => Holding,
    payloadBytes: number,
  ): Entry[] {
    const { partition } = this.#options;
    const bytes = Math.ceil(payloadBytes / Math.max(1, record.events));
    const entries: Entry[] = [];
    for (let index = first; index < record.events; index++) {
      if (record.finished[index] === 1 || absent?.has(index) === true) continue;
      const { sourceId = "", keyHash = 0, partition: origin = 0, offset = 0, index: position = 0 } = facts[index] ?? {};
      const { held, cost } = eventAt(index);
      const where = { partition: origin, offset, index: position };
      entries.push(newEntry(partition, record, { index, event: held, sourceId, keyHash, bytes, cost, origin: where }));
    }
    return entries;
  }
}
