import type { Connection, PlacedPosition, Position } from "@pintle/destinations/kit";
import type { Progress } from "../engine/engine.ts";
import type { Entry } from "./lanes.ts";
import { type PartitionState, progressOf } from "./partition-state.ts";

export interface PositionsOptions {
  /** Identity of the log. */
  readonly log: string;
  readonly topic: string;
  /** Reading begins here. Called again, it begins anew. */
  readonly begin: (partition: PartitionState, at: Position) => void;
}

/** What is known of a partition. */
interface Standing {
  readonly partition: PartitionState;
  state: "to be asked" | "known";
  begun: boolean;
  /** What the destination said last, or has confirmed since. */
  known: Position | undefined;
  /** A batch of which nobody knows whether it was committed. */
  tried: { readonly position: Position; readonly entries: ReadonlySet<Entry> } | undefined;
}

/**
 * Where a transactional destination stands, by its own account, which wins over the log's. A partition is always in one of
 * these states:
 *
 * - **to be asked**: nothing of it goes out. So it begins, and so it is after a batch that was not delivered: its
 *   commit may have succeeded all the same, with the answer lost;
 * - **known**: the destination has said where it stands, and every batch since was confirmed.
 *
 * The answer says either what was known before (the batch failed: it goes out again), or what the batch was to commit (then
 * its events are delivered), or something else (the destination has lost or gained something: the partition begins anew
 * from there).
 */
export class Positions {
  readonly #options: PositionsOptions;
  readonly #standings = new Map<number, Standing>();
  /** Events that turned out to be committed, and are still in their lanes. */
  readonly #committed = new Set<Entry>();

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  /** Whether the destination has to be asked before anything goes out. */
  get toBeAsked(): boolean {
    for (const { state } of this.#standings.values()) if (state === "to be asked") return true;
    return false;
  }

  /** A partition was assigned, and nothing of it was read. */
  add(partition: PartitionState): void {
    const standing: Standing = { partition, state: "to be asked", begun: false, known: undefined, tried: undefined };
    this.#standings.set(partition.source.partition, standing);
  }

  /** The partition was taken away. */
  remove(partition: PartitionState): void {
    this.#standings.delete(partition.source.partition);
    for (const entry of this.#committed) if (entry.partition === partition) this.#committed.delete(entry);
  }

  /** What is to be committed together with these events. */
  after(entries: readonly Entry[]): PlacedPosition[] {
    return [...byPartition(entries)].map(([partition, its]) => ({
      place: this.#place(partition),
      position: progressOf(partition, its),
    }));
  }

  /** A batch with these positions is confirmed. */
  confirmed(positions: readonly PlacedPosition[]): void {
    for (const { place, position } of positions) {
      const standing = this.#standings.get(place.partition);
      if (standing !== undefined) standing.known = position;
    }
  }

  /** A batch with these positions was not confirmed. */
  unconfirmed(positions: readonly PlacedPosition[], entries: readonly Entry[]): void {
    const all = byPartition(entries);
    for (const [partition, its] of all) {
      const standing = this.#standings.get(partition.source.partition);
      const tried = positions.find(({ place }) => place.partition === partition.source.partition);
      if (standing === undefined || tried === undefined) continue;
      standing.state = "to be asked";
      standing.tried = { position: tried.position, entries: new Set(its) };
    }
  }

  /** Asks the destination for what is not known. @throws what the destination throws; then it has to be asked again */
  async ask(connection: Pick<Connection, "position">): Promise<void> {
    for (const standing of [...this.#standings.values()]) {
      if (standing.state === "known") continue;
      const { partition, known = progressOf(partition) } = standing;
      const position = (await connection.position?.(this.#place(partition), known)) ?? known;
      // It may have been taken away meanwhile.
      if (this.#standings.get(partition.source.partition) !== standing) continue;
      this.#answered(standing, position);
    }
  }

  /** Whether the event turned out to be committed: it is not to be sent again. Says so once. */
  takeCommitted(entry: Entry): boolean {
    return this.#committed.delete(entry);
  }

  #answered(standing: Standing, position: Position): void {
    const { partition, begun, known, tried } = standing;
    standing.state = "known";
    standing.known = position;
    standing.tried = undefined;
    if (!begun) {
      standing.begun = true;
      this.#options.begin(partition, position);
    } else if (isSame(position, known)) {
      // Nothing of what was tried is there.
    } else if (tried !== undefined && isSame(position, tried.position)) {
      for (const entry of tried.entries) this.#committed.add(entry);
    } else {
      this.remove(partition);
      this.#options.begin(partition, position);
    }
  }

  /** The partition was begun anew: nothing has to be asked about it. */
  replace(partition: PartitionState, known: Position): void {
    const standing: Standing = { partition, state: "known", begun: true, known, tried: undefined };
    this.#standings.set(partition.source.partition, standing);
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
