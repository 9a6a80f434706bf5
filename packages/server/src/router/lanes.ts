import type { Outcome } from "@pintle/destinations/kit";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { DueQueue } from "./due-queue.ts";
import type { PartitionState } from "./partition-state.ts";
import { Queue } from "./queue.ts";
import type { WindowRecord } from "./window.ts";

/** An event on its way to one destination. */
export interface Entry {
  readonly partition: PartitionState;
  readonly record: WindowRecord;
  /** Position of the event in its record. */
  readonly index: number;
  readonly event: DeliveredEvent;
  readonly sourceId: string;
  readonly keyHash: number;
  /** Its share of the record's payload. */
  readonly bytes: number;
  /** As how many events it counts: 1, but for a record that cannot be taken apart. */
  readonly weight: number;
  lane: Lane | undefined;
  /** The event behind it in its lane. */
  next: Entry | undefined;
  attempts: number;
  /** From which its age is counted, in the clock's `now`; `undefined` before the first attempt. */
  firstAttempt: number | undefined;
  /** What the destination had delivered in all when this event first failed. */
  deliveredAtFailure: number | undefined;
  /** What the stage made of it, less what the destination has already; `undefined` before the stage. */
  staged: readonly DeliveredEvent[] | undefined;
  /** The refusal of one of several events that the stage made of it, while others are still to be tried. */
  failed: Outcome | undefined;
}

/** An event that was read, before anything was tried. */
export function newEntry(
  partition: PartitionState,
  record: WindowRecord,
  facts: Pick<Entry, "index" | "event" | "sourceId" | "keyHash" | "bytes"> & { readonly weight?: number },
): Entry {
  return {
    partition,
    record,
    index: facts.index,
    event: facts.event,
    sourceId: facts.sourceId,
    keyHash: facts.keyHash,
    bytes: facts.bytes,
    weight: facts.weight ?? 1,
    lane: undefined,
    next: undefined,
    attempts: 0,
    firstAttempt: undefined,
    deliveredAtFailure: undefined,
    staged: undefined,
    failed: undefined,
  };
}

/**
 * The events of one user key that are in memory, in the order of the log. A lane is always in one of these states:
 *
 * - **ready**: its first event may go out;
 * - **busy**: events of it are on their way to the destination, all others wait behind them;
 * - **waiting**: its first event failed for a reason of its own and is tried again later;
 *
 * and without events it does not exist. (A lane that has waited for long can be parked, that is, moved to the topic
 * `retry.<id>`, so that the position in `events` moves on: `Lanes.wait` is where that is decided.)
 */
export interface Lane {
  readonly key: number;
  state: "ready" | "busy" | "waiting";
  head: Entry | undefined;
  tail: Entry | undefined;
}

export class Lanes {
  readonly #byKey = new Map<number, Lane>();
  readonly #fresh = new Queue<Lane>();
  /** Lanes whose first event was tried before: they go first. */
  readonly #again = new Queue<Lane>();
  readonly #waiting = new DueQueue<Lane>();

  /** Lanes that wait for another attempt. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Lanes that can go out now. */
  get ready(): number {
    return this.#fresh.size + this.#again.size;
  }

  /** When the next waiting lane becomes ready, in the clock's `now`; `Infinity` when none waits. */
  get nextDue(): number {
    return this.#waiting.nextDue;
  }

  /** Puts an event behind those of its user key. Without a key it has a lane of its own: nobody waits for it. */
  add(entry: Entry, hasKey: boolean): void {
    const known = hasKey ? this.#byKey.get(entry.keyHash) : undefined;
    const lane: Lane = known ?? { key: hasKey ? entry.keyHash : -1, state: "ready", head: undefined, tail: undefined };
    entry.lane = lane;
    if (lane.tail === undefined) lane.head = entry;
    else lane.tail.next = entry;
    lane.tail = entry;
    if (known !== undefined) return;
    if (hasKey) this.#byKey.set(lane.key, lane);
    this.#fresh.push(lane);
  }

  /**
   * Takes the lane that goes out next; it is busy from now on. For a probe, rather one that did not fail last: if it is
   * the event that makes the destination fail, another one will show.
   */
  take(probe: boolean): Lane | undefined {
    const avoid = probe && this.#again.size === 1 && this.#fresh.size > 0;
    const lane = avoid ? this.#fresh.shift() : (this.#again.shift() ?? this.#fresh.shift());
    if (lane !== undefined) lane.state = "busy";
    return lane;
  }

  /** Takes the first event out of a busy lane. */
  shift(lane: Lane): Entry | undefined {
    const entry = lane.head;
    if (entry === undefined) return undefined;
    lane.head = entry.next;
    if (lane.head === undefined) lane.tail = undefined;
    entry.next = undefined;
    return entry;
  }

  /** Puts an event back before all others of its lane. */
  unshift(lane: Lane, entry: Entry): void {
    entry.next = lane.head;
    lane.head = entry;
    lane.tail ??= entry;
  }

  /** What a busy lane sent has ended, and nothing of it has to be tried again. */
  release(lane: Lane): void {
    this.#expectBusy(lane);
    if (lane.head === undefined) {
      if (lane.key !== -1) this.#byKey.delete(lane.key);
      return;
    }
    lane.state = "ready";
    this.#fresh.push(lane);
  }

  /** The destination failed: the lane is as ready as before. */
  retry(lane: Lane): void {
    this.#expectBusy(lane);
    lane.state = "ready";
    this.#again.push(lane);
  }

  /** Its first event failed for a reason of its own: the lane waits until `due`, and only this one. */
  wait(lane: Lane, due: number): void {
    this.#expectBusy(lane);
    lane.state = "waiting";
    this.#waiting.push(due, lane);
  }

  /** Makes the lanes ready whose time has come. */
  wake(now: number): void {
    for (let lane = this.#waiting.shiftDue(now); lane !== undefined; lane = this.#waiting.shiftDue(now)) {
      lane.state = "ready";
      this.#again.push(lane);
    }
  }

  #expectBusy(lane: Lane): void {
    if (lane.state !== "busy") throw new Error(`The lane ${lane.key} is ${lane.state}, not busy`);
  }
}
