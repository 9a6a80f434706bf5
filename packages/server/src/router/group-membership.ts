import type { Position } from "@pintle/kit";
import type { AssignedPartition, Engine, Subscription } from "../engine/engine.ts";
import type { Positions } from "./deliver/positions.ts";
import type { Lanes } from "./lanes/lanes.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { newPartitionState, type PartitionState } from "./ledger/partition.ts";
import type { Reader } from "./read/reader.ts";
import type { DestinationRegistry } from "./registry/destination-registry.ts";
import { finishKnown } from "./retry/restore.ts";
import type { RetryTopic } from "./retry/retry-topic.ts";
import { atMost, type Clock } from "./time/clock.ts";

/** The topic that destinations read. */
export const eventsTopic = "events";

/** Milliseconds for what is on its way of a partition that is taken away. */
const handOverWithin = 5000;

export interface GroupMembershipOptions {
  /** Id of the destination, the name of its group. */
  readonly id: string;
  readonly engine: Engine;
  readonly registry: DestinationRegistry;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  readonly reader: Reader;
  readonly retry: RetryTopic;
  /** Positions of a transactional destination. */
  readonly positions: Positions | undefined;
  /** Whether it begins where the log does if this folder has not seen it before. */
  readonly fromStart: boolean;
  /** Where it begins otherwise, by partition. @default where the log ends */
  readonly beginnings: readonly number[] | undefined;
  /** Hears that a partition was taken away, while the destination goes on. */
  readonly released: ((partition: number) => void) | undefined;
}

/**
 * The membership of a destination in its consumer group: where it begins, which partitions it has,
 * and what becomes of one that is given to it or taken away.
 */
export class GroupMembership {
  readonly #parts: GroupMembershipOptions;
  /** Where it begins if this folder has not seen it before, by partition. */
  #beginnings: readonly number[] | undefined;
  #subscription: Subscription | undefined;

  constructor(parts: GroupMembershipOptions) {
    this.#parts = parts;
    this.#beginnings = parts.beginnings;
  }

  /** @see Consumer.start */
  async join(): Promise<void> {
    const { id, engine, ledger } = this.#parts;
    await this.#placeNew();
    if (ledger.isStopping) return;
    const subscription = await engine.subscribe([eventsTopic, `retry.${id}`], id, {
      assigned: ([events, retry]) => this.#assigned(events!, retry!),
      revoked: (partition, why) => this.#revoked(partition, why === "lost"),
    });
    if (ledger.isStopping) return subscription.close();
    this.#subscription = subscription;
  }

  /** Begins to read the partitions that it has. */
  begin(): void {
    for (const partition of this.#parts.ledger.partitions) this.#readOrAsk(partition);
  }

  async leave(): Promise<void> {
    await this.#subscription?.close();
  }

  async #assigned(source: AssignedPartition, retry: AssignedPartition): Promise<void> {
    const { registry } = this.#parts;
    const from = source.progress?.low ?? registry.beginningOf(this.#parts.id, source.partition) ?? source.start();
    if (source.progress === undefined) source.save({ low: from, finished: [] });
    const partition = newPartitionState(source, from);
    // Before anything is read from `events`: nobody overtakes a lane that is parked.
    await finishKnown(await this.#parts.retry.assigned(retry), partition);
    if (this.#parts.ledger.isStopping) return;
    this.#parts.ledger.add(partition);
    if (!this.#parts.ledger.hasStarted) return;
    this.#readOrAsk(partition);
    this.#parts.ledger.wake();
  }

  /** A transactional destination says first where it stands. */
  #readOrAsk(partition: PartitionState): void {
    if (this.#parts.positions === undefined) void this.#parts.reader.read(partition);
    else this.#parts.positions.add(partition);
  }

  /** A transactional destination has said where it stands. */
  beginAt(before: PartitionState, at: Position): void {
    if (before.revoked || this.#parts.ledger.isStopping) return;
    // Not the end as it is now: a log that was set back grows again, and would be believed one day.
    const end = Math.max(before.endAtStart, before.window.position);
    if (at.low > end) {
      const message = `the destination says that it has everything below ${at.low}, but the log ended at ${end}: it goes on from the log's own progress`;
      this.#parts.ledger.problems.report("position", message);
      void this.#parts.reader.read(before);
      return;
    }
    before.revoked = true;
    before.abort.abort();
    const partition = { ...newPartitionState(before.source, at.low, at.finished), endAtStart: before.endAtStart };
    this.#parts.ledger.add(partition);
    this.#parts.positions?.replace(partition, at);
    void this.#parts.reader.read(partition);
  }

  /**
   * Gives this destination its place in the partitions in which it was not seen before: in all of
   * them, whoever owns them, for an owner that comes later would have missed something. That it
   * begins there is durable before anything is read.
   */
  async #placeNew(): Promise<void> {
    const { engine, registry } = this.#parts;
    const ranges = await engine.ranges(eventsTopic);
    // Once it is known it stays, also if it cannot be written down at once.
    this.#beginnings ??= ranges.map(({ end }) => end);
    const isFromStart = registry.firstStart || this.#parts.fromStart;
    for (const [partition, { start, end }] of ranges.entries()) {
      if (registry.beginningOf(this.#parts.id, partition) !== undefined) continue;
      const place = Math.max(start, this.#beginnings[partition] ?? end);
      await registry.add(this.#parts.id, partition, isFromStart ? start : place);
    }
  }

  /**
   * What is on its way of a partition gets some time to end; then whoever has it next goes on from
   * there.
   */
  async #revoked(number: number, isLost: boolean): Promise<void> {
    const partition = this.#parts.ledger.partition(number);
    if (partition !== undefined) {
      partition.revoked = true;
      partition.abort.abort();
      this.#parts.reader.signal();
      const isBack = Promise.all([this.#parts.ledger.idle(partition), this.#parts.retry.finish(number)]);
      if (!this.#parts.ledger.isStopping) await atMost(this.#parts.clock, handOverWithin, isBack);
      this.#parts.positions?.remove(partition);
    }
    for (const entry of this.#parts.lanes.drop(number)) this.#parts.ledger.park(entry);
    this.#parts.retry.drop(number, isLost);
    if (partition !== undefined) this.#parts.ledger.remove(partition, isLost);
    if (!this.#parts.ledger.isStopping) this.#parts.released?.(number);
    this.#parts.ledger.wake();
  }
}
