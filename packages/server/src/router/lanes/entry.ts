import type { DeliveredEvent } from "@pintle/events/gateway";
import { type Dead, type RawEvent, rawEvent } from "@pintle/kit";
import { RawSlice } from "../../records/raw/raw-events.ts";
import type { Origin } from "../../records/retry-record.ts";
import type { FilteredEvent } from "../filter/filter.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { TrackedEvent } from "../ledger/tracked-event.ts";
import type { WindowRecord } from "../ledger/window.ts";
import { type HeldEvent, PackedEvent } from "../memory/holding.ts";

/** The answer that there is nothing where an event was sent to: 404 or such. */
export interface Absence {
  readonly reason: string;
  /** When it first got it, in the clock's `now`. */
  readonly at: number;
  /** The latest batch that had gone out by then. */
  readonly batch: number;
}

/** An event on its way to one destination. */
export interface Entry extends TrackedEvent {
  readonly keyHash: number;
  /** The event as its JSON. */
  readonly raw: RawEvent;
  /** What decides where it goes, without an object for the rest where that is not there. */
  readonly filtered: FilteredEvent;
  /**
   * Bytes of heap that `event` takes while it is used; 0 for an event that is held as an object,
   * and charged as one.
   */
  readonly unpacked: number;
  lane: Lane | undefined;
  /** The event behind it in its lane. */
  next: Entry | undefined;
  /** Attempts that failed for a reason of its own. */
  failures: number;
  /** What the destination had delivered in all when this event first failed. */
  deliveredAtFailure: number | undefined;
  /** The absence found at the last attempt: the destination had nothing where it was sent to. */
  absence: Absence | undefined;
  /**
   * What the transformation made of it, less what the destination has already; `undefined` before
   * the transformation.
   */
  transformed: readonly DeliveredEvent[] | undefined;
  /**
   * The `messageId`s that are still to go out, of what the transformation makes of it; `undefined`:
   * all.
   */
  only: ReadonlySet<string> | undefined;
  /**
   * The refusal of one of several events that the transformation made of it, while others are still
   * to be tried.
   */
  failed: Dead | undefined;
}

/**
 * The events of one user key, in the order of the log. A lane is always in one of these states:
 *
 * - **ready**: its first event may go out;
 * - **busy**: events of it are on their way to the destination, all others wait behind them;
 * - **waiting**: its first event failed for a reason of its own and is tried again later;
 * - **parked**: so does it, and all its events stand in the topic `retry.<id>`, or are being
 *   written to it. When it is due, some of them are loaded, and it is ready. From when it was first
 *   parked until its last event has ended, what comes for it goes to the topic, too;
 *
 * and without events it does not exist.
 */
export interface Lane {
  /**
   * The hash of the user key, or a name that no other lane has; `undefined`: events without a key,
   * nobody joins them.
   */
  readonly id: number | string | undefined;
  /** The partition that all its events are of. */
  readonly partition: number;
  /** How often that had been taken away when the lane was made. */
  readonly epoch: number;
  state: "ready" | "busy" | "waiting" | "parked";
  /** The events in memory. */
  head: Entry | undefined;
  tail: Entry | undefined;
  size: number;
  /** The time since which its first event fails, in the clock's `now`. */
  waitingSince: number | undefined;
  /** Whether it has something in the topic, or on its way there. */
  isParked: boolean;
}

/** What there is to know of an event that was read. */
export interface EntryFacts {
  readonly index: number;
  /** The event, or the form in which it is held. */
  readonly event: HeldEvent;
  readonly sourceId: string;
  readonly keyHash: number;
  readonly bytes: number;
  readonly cost: number;
  readonly weight?: number;
  readonly origin?: Origin;
}

/** An event that was read, before anything was tried. */
export function newEntry(partition: PartitionState, record: WindowRecord, facts: EntryFacts): Entry {
  return new QueuedEvent(partition, record, facts);
}

class QueuedEvent implements Entry {
  readonly partition: PartitionState;
  readonly record: WindowRecord;
  readonly index: number;
  readonly origin: Origin | undefined;
  readonly sourceId: string;
  readonly keyHash: number;
  readonly bytes: number;
  readonly cost: number;
  readonly weight: number;
  isOut = false;
  lane: Lane | undefined = undefined;
  next: Entry | undefined = undefined;
  attempts = 0;
  failures = 0;
  firstAttempt: number | undefined = undefined;
  deliveredAtFailure: number | undefined = undefined;
  absence: Absence | undefined = undefined;
  transformed: readonly DeliveredEvent[] | undefined = undefined;
  only: ReadonlySet<string> | undefined = undefined;
  failed: Dead | undefined = undefined;
  readonly #held: HeldEvent;

  constructor(partition: PartitionState, record: WindowRecord, facts: EntryFacts) {
    this.partition = partition;
    this.record = record;
    this.index = facts.index;
    this.origin = facts.origin;
    this.sourceId = facts.sourceId;
    this.keyHash = facts.keyHash;
    this.bytes = facts.bytes;
    this.cost = facts.cost;
    this.weight = facts.weight ?? 1;
    this.#held = facts.event;
  }

  get event(): DeliveredEvent {
    const held = this.#held;
    if (held instanceof RawSlice) return held.parsed();
    return held instanceof PackedEvent ? held.unpack() : held;
  }

  get filtered(): FilteredEvent {
    return this.#held instanceof RawSlice ? this.#held : this.event;
  }

  get raw(): RawEvent {
    return this.#held instanceof RawSlice ? this.#held : rawEvent(this.event);
  }

  get unpacked(): number {
    return this.#held instanceof PackedEvent ? this.#held.unpacked : 0;
  }
}
