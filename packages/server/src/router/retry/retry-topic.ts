import type { AssignedPartition } from "../../engine/engine.ts";
import type { Entry, Lane } from "../lanes/entry.ts";
import type { Parking } from "../lanes/lanes.ts";
import type { Loaded } from "./loader.ts";
import type { KnownEvents } from "./restore.ts";
import { type ReplayedEvent, RetryPartition, type RetryPartitionOptions } from "./retry-partition.ts";

export interface RetryTopicOptions extends Omit<RetryPartitionOptions, "loaded"> {
  /**
   * Whether lanes are parked. What is loaded has a position in this topic, so a destination that
   * commits positions in `events` cannot.
   */
  readonly parks: boolean;
}

/**
 * The topic `retry.<id>` of one destination: keeps the lanes that have to wait for long, so that
 * the position in `events` can move on, and their events out of memory. It has as many partitions
 * as `events`, and each belongs to whoever has that one.
 */
export class RetryTopic implements Parking {
  readonly #options: RetryTopicOptions;
  readonly #partitions = new Map<number, RetryPartition>();

  constructor(options: RetryTopicOptions) {
    this.#options = options;
    options.lanes.parkIn(this);
  }

  /** Lanes that are parked. */
  get lanes(): number {
    return this.#sum(({ lanes }) => lanes);
  }

  /** Events in the topic that have not ended and are not in memory. */
  get waiting(): number {
    return this.#sum(({ waiting }) => waiting);
  }

  /** Events in the topic that have not ended. */
  get open(): number {
    return this.waiting + this.#loaded().events;
  }

  /**
   * A partition was assigned. Its parked lanes are back when this resolves, with what of `events`
   * need not be read again.
   */
  async assigned(source: AssignedPartition): Promise<KnownEvents> {
    const partition = new RetryPartition({ ...this.#options, loaded: () => this.#loaded() }, source);
    const known = await partition.restore();
    this.#partitions.set(source.partition, partition);
    return known;
  }

  /** A partition is taken away. Resolves when nothing of it is on its way. */
  async finish(partition: number): Promise<void> {
    await this.#partitions.get(partition)?.finish();
  }

  /** Forgets what was known of a partition that is taken away. */
  drop(partition: number, isLost: boolean): void {
    this.#partitions.get(partition)?.drop(isLost);
    this.#partitions.delete(partition);
  }

  // --- what lanes ask for ---

  mayPark(lane: Lane): boolean {
    return this.#options.parks && this.#partitions.get(lane.partition)?.isOpen === true;
  }

  park(lane: Lane): void {
    this.#of(lane).park(lane);
  }

  follow(lane: Lane, entry: Entry): void {
    this.#of(lane).follow(lane, entry);
  }

  unload(lane: Lane): void {
    this.#of(lane).unload(lane);
  }

  due(lane: Lane): void {
    this.#of(lane).due(lane);
  }

  // --- what others ask for ---

  /** Loads what is due and has room, and sees to what the end of events has made possible. */
  pump(): void {
    for (const partition of this.#partitions.values()) partition.pump();
  }

  /**
   * Appends events that are to be tried again, each behind those that were appended for its user
   * key before; they wait for nobody else. Resolves when they are durable.
   */
  async replay(events: readonly ReplayedEvent[]): Promise<void> {
    const byPartition = new Map<number, ReplayedEvent[]>();
    for (const event of events) {
      const others = byPartition.get(event.partition);
      if (others === undefined) byPartition.set(event.partition, [event]);
      else others.push(event);
    }
    // All of them are looked for before anything is given to one.
    const parts = [...byPartition].map(([number, its]) => ({ partition: this.#partition(number), its }));
    await Promise.all(parts.map(({ partition, its }) => partition.replay(its)));
  }

  /** Stops it: what still comes back does not count. */
  stop(): void {
    for (const partition of this.#partitions.values()) partition.stop();
  }

  #of(lane: Lane): RetryPartition {
    return this.#partition(lane.partition);
  }

  #partition(number: number): RetryPartition {
    const partition = this.#partitions.get(number);
    if (partition === undefined) throw new Error(`Partition ${number} of the retry topic is not at work`);
    return partition;
  }

  #loaded(): Loaded {
    return { events: this.#sum(({ loaded }) => loaded.events), bytes: this.#sum(({ loaded }) => loaded.bytes) };
  }

  #sum(of: (partition: RetryPartition) => number): number {
    let sum = 0;
    for (const partition of this.#partitions.values()) sum += of(partition);
    return sum;
  }
}
