import type { Connection, PlacedPosition, Position } from "@pintle/kit";
import type { Progress } from "@pintle/log";
import type { Entry } from "../lanes/entry.ts";
import { type PartitionState, progressOf } from "../ledger/partition.ts";

export interface PositionsOptions {
  /** Identity of the log. */
  readonly log: string;
  readonly topic: string;
  /**
   * Where the destination began in the partition, or as near to it as the log still goes;
   * `undefined`: nobody knows.
   */
  readonly beginningOf: (partition: PartitionState) => Position | undefined;
  /** Reading begins here. Called again, it begins anew. */
  readonly begin: (partition: PartitionState, at: Position) => void;
}

/** A batch's part of a partition. */
interface InFlight {
  readonly position: Position;
  readonly entries: readonly Entry[];
}

/** What is known of a partition. */
interface PartitionProgress {
  readonly partition: PartitionState;
  state: "to be asked" | "known";
  begun: boolean;
  /** What the destination said last, or has confirmed since. */
  known: Position | undefined;
  /** Batches that are on their way, in the order in which they will be committed. */
  flying: InFlight[];
  /** Batches of which nobody knows whether they were committed, in that order. */
  tried: InFlight[];
}

/**
 * Where a transactional destination stands, by its own account, which wins over the log's. A
 * partition is always in one of these states:
 *
 * - **to be asked**: nothing of it goes out. So it begins, and so it is after a batch that was not
 *   delivered: its commit may have succeeded all the same, with the answer lost;
 * - **known**: the destination has said where it stands, and every batch since was confirmed.
 *
 * Two batches can be on their way, the second on the assumption that the first one is committed.
 *
 * The answer says either what was known before (the batches failed: they go out again), or what one
 * of them was to commit (then the events up to there are delivered), or something else (the
 * destination has lost or gained something: the partition begins anew from there).
 */
export class Positions {
  readonly #options: PositionsOptions;
  readonly #progresses = new Map<number, PartitionProgress>();
  /** Events that turned out to be committed, and are still in their lanes. */
  readonly #committed = new Set<Entry>();

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  /** Whether the destination has to be asked before anything goes out. */
  get toBeAsked(): boolean {
    for (const { state } of this.#progresses.values()) if (state === "to be asked") return true;
    return false;
  }

  /** A partition was assigned, and nothing of it was read. */
  add(partition: PartitionState): void {
    const progress: PartitionProgress = {
      partition,
      state: "to be asked",
      begun: false,
      known: undefined,
      flying: [],
      tried: [],
    };
    this.#progresses.set(partition.source.partition, progress);
  }

  /** The partition was taken away. */
  remove(partition: PartitionState): void {
    this.#progresses.delete(partition.source.partition);
    for (const entry of this.#committedOf(partition)) this.#committed.delete(entry);
  }

  /**
   * A batch goes out with these events. What it is to commit: where the destination stands when it
   * has all that flies.
   */
  takeOff(entries: readonly Entry[]): PlacedPosition[] {
    return [...byPartition(entries)].flatMap(([partition, its]) => {
      const progress = this.#progresses.get(partition.source.partition);
      // What is replayed stands in another topic, whose position is kept here and not there: it may
      // be delivered twice.
      if (progress?.partition !== partition) return [];
      const { flying, known } = progress;
      // Those that turned out to be committed, and whose turn has not come in their lanes, would be
      // lost to the position.
      const before = [...this.#committedOf(partition), ...flying.flatMap((flight) => flight.entries)];
      const position = progressOf(partition, [...before, ...its]);
      const from = flying.at(-1)?.position ?? known!;
      flying.push({ position, entries: its });
      return [{ place: this.#place(partition), from, position }];
    });
  }

  /** The batch with these positions is confirmed. */
  confirmed(positions: readonly PlacedPosition[]): void {
    for (const progress of this.#landed(positions)) {
      const flight = progress.flying.shift()!;
      progress.known = flight.position;
      // It began where those before it end: so they are committed, too.
      for (const { entries } of progress.tried) for (const entry of entries) this.#committed.add(entry);
      progress.tried = [];
      progress.state = "known";
    }
  }

  /** The batch with these positions was not confirmed. */
  unconfirmed(positions: readonly PlacedPosition[]): void {
    for (const progress of this.#landed(positions)) {
      progress.tried.push(progress.flying.shift()!);
      progress.state = "to be asked";
    }
  }

  /** The partitions of a batch that has come back, but for those that were taken away meanwhile. */
  #landed(positions: readonly PlacedPosition[]): PartitionProgress[] {
    return positions.flatMap(({ place, position }) => {
      const progress = this.#progresses.get(place.partition);
      if (progress === undefined || !progress.flying.some((flight) => flight.position === position)) return [];
      if (progress.flying[0]!.position !== position) {
        throw new Error(`The batches of ${place.topic} ${place.partition} did not come back in their order`);
      }
      return [progress];
    });
  }

  /**
   * Asks the destination for what is not known. @throws what the destination throws; then it has to
   * be asked again
   */
  async ask(connection: Pick<Connection, "position">): Promise<void> {
    for (const progress of [...this.#progresses.values()]) {
      if (progress.state === "known") continue;
      const { partition, known = progressOf(partition) } = progress;
      const anew = this.#options.beginningOf(partition) ?? known;
      const position = (await connection.position?.(this.#place(partition), known, anew)) ?? known;
      // It may have been taken away meanwhile.
      if (this.#progresses.get(partition.source.partition) !== progress) continue;
      this.#answered(progress, position);
    }
  }

  /** Whether the event turned out to be committed: it is not to be sent again. Says so once. */
  takeCommitted(entry: Entry): boolean {
    return this.#committed.delete(entry);
  }

  #committedOf(partition: PartitionState): Entry[] {
    return [...this.#committed].filter((entry) => entry.partition === partition);
  }

  #answered(progress: PartitionProgress, position: Position): void {
    const { partition, begun, known, tried } = progress;
    progress.state = "known";
    progress.known = position;
    progress.tried = [];
    if (!begun) {
      progress.begun = true;
      this.#options.begin(partition, position);
    } else if (isSame(position, known)) {
      // Nothing of what was tried is there.
    } else {
      const last = tried.findIndex((flight) => isSame(position, flight.position));
      for (const { entries } of tried.slice(0, last + 1)) for (const entry of entries) this.#committed.add(entry);
      if (last === -1) {
        this.remove(partition);
        this.#options.begin(partition, position);
      }
    }
  }

  /** The partition was begun anew: nothing has to be asked about it. */
  replace(partition: PartitionState, known: Position): void {
    const progress: PartitionProgress = { partition, state: "known", begun: true, known, flying: [], tried: [] };
    this.#progresses.set(partition.source.partition, progress);
  }

  #place({ source }: PartitionState): PlacedPosition["place"] {
    return { log: this.#options.log, topic: this.#options.topic, partition: source.partition };
  }
}

function byPartition(entries: readonly Entry[]): Map<PartitionState, Entry[]> {
  const groups = new Map<PartitionState, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.partition);
    if (group === undefined) groups.set(entry.partition, [entry]);
    else group.push(entry);
  }
  return groups;
}

function isSame(one: Progress, other: Progress | undefined): boolean {
  return (
    other !== undefined &&
    one.low === other.low &&
    one.finished.length === other.finished.length &&
    one.finished.every(([offset, index], at) => {
      const [otherOffset, otherIndex] = other.finished[at]!;
      return offset === otherOffset && index === otherIndex;
    })
  );
}
