import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Outcome } from "@pintle/kit";
import type { Origin } from "../../records/retry-record.ts";
import type { Absence } from "../deliver/absences.ts";
import type { PartitionState } from "../ledger/partition.ts";
import type { WindowRecord } from "../ledger/window.ts";
import { PackedEvent } from "../memory/holding.ts";
import { DueQueue } from "../queues/due-queue.ts";
import { Queue } from "../queues/queue.ts";
import type { Parked } from "../retry/parked-lane.ts";

/** An event on its way to one destination. */
export interface Entry {
  readonly partition: PartitionState;
  readonly record: WindowRecord;
  /** Position of the event in its record. */
  readonly index: number;
  /** Where it stands in `events`, if it was read from somewhere else. */
  readonly origin: Origin | undefined;
  /** Parsed anew each time where it is held as JSON: see `unpacked`. */
  readonly event: DeliveredEvent;
  readonly sourceId: string;
  readonly keyHash: number;
  /** Its share of the record's payload. */
  readonly bytes: number;
  /** Bytes of memory that it is charged with. */
  readonly cost: number;
  /** Bytes of heap that `event` takes while it is used; 0 for an event that is held as an object, and charged as one. */
  readonly unpacked: number;
  /** As how many events it counts: 1, but for a record that cannot be taken apart. */
  readonly weight: number;
  lane: Lane | undefined;
  /** The event behind it in its lane. */
  next: Entry | undefined;
  attempts: number;
  /** Those that failed for a reason of its own. */
  failures: number;
  /** From which its age is counted, in the clock's `now`; `undefined` before the first attempt. */
  firstAttempt: number | undefined;
  /** What the destination had delivered in all when this event first failed. */
  deliveredAtFailure: number | undefined;
  /** That the destination had nothing where it was sent to, the last time. */
  absence: Absence | undefined;
  /** What the transformation made of it, less what the destination has already; `undefined` before the transformation. */
  transformed: readonly DeliveredEvent[] | undefined;
  /** Of what the transformation makes of it, the `messageId`s that are still to go out; `undefined`: all. */
  only: ReadonlySet<string> | undefined;
  /** The refusal of one of several events that the transformation made of it, while others are still to be tried. */
  failed: Outcome | undefined;
}

/** What there is to know of an event that was read. */
export interface EntryFacts {
  readonly index: number;
  /** It, or how it is held. */
  readonly event: DeliveredEvent | PackedEvent;
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
  lane: Lane | undefined = undefined;
  next: Entry | undefined = undefined;
  attempts = 0;
  failures = 0;
  firstAttempt: number | undefined = undefined;
  deliveredAtFailure: number | undefined = undefined;
  absence: Absence | undefined = undefined;
  transformed: readonly DeliveredEvent[] | undefined = undefined;
  only: ReadonlySet<string> | undefined = undefined;
  failed: Outcome | undefined = undefined;
  readonly #held: DeliveredEvent | PackedEvent;

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
    return this.#held instanceof PackedEvent ? this.#held.unpack() : this.#held;
  }

  get unpacked(): number {
    return this.#held instanceof PackedEvent ? this.#held.unpacked : 0;
  }
}

/**
 * The events of one user key, in the order of the log. A lane is always in one of these states:
 *
 * - **ready**: its first event may go out;
 * - **busy**: events of it are on their way to the destination, all others wait behind them;
 * - **waiting**: its first event failed for a reason of its own and is tried again later;
 * - **parked**: so does it, and all its events stand in the topic `retry.<id>`, or are being written to it. When it is due, some
 *   of them are loaded, and it is ready. From when it was first parked until its last event has ended, what comes for it
 *   goes to the topic, too: `parked` says what is there;
 *
 * and without events it does not exist.
 */
export interface Lane {
  /** The hash of the user key, or a name that no other lane has; `undefined`: events without a key, nobody joins them. */
  readonly id: number | string | undefined;
  state: "ready" | "busy" | "waiting" | "parked";
  /** The events in memory. */
  head: Entry | undefined;
  tail: Entry | undefined;
  size: number;
  /** Since when its first event fails, in the clock's `now`. */
  waitingSince: number | undefined;
  parked: Parked | undefined;
}

/** Where lanes are parked. */
export interface Parking {
  /** Whether a lane that waits may be written away now. */
  readonly isOpen: boolean;
  /** Takes all events of a waiting lane. */
  park(lane: Lane): void;
  /** Takes an event behind those of a lane that has `parked`. */
  follow(lane: Lane, entry: Entry): void;
  /** Takes the events back that were loaded, of which the first is to be tried again. */
  unload(lane: Lane): void;
  /** A parked lane is due. Its events are loaded, and it is ready; or it has none any more and ends. */
  due(lane: Lane): void;
}

/** When lanes are parked. */
export interface ParkingLimits {
  /** Milliseconds that a lane waits in memory. */
  readonly parkAfter: number;
  /** Events behind the one that fails, above which a lane waits no longer. */
  readonly parkAbove: number;
}

export class Lanes {
  readonly #limits: ParkingLimits;
  readonly #parking: Parking | undefined;
  readonly #byId = new Map<number | string, Lane>();
  readonly #fresh = new Queue<Lane>();
  /** Lanes whose first event was tried before: they go first. */
  readonly #again = new Queue<Lane>();
  readonly #waiting = new DueQueue<Lane>();
  /** When waiting lanes are to be parked. */
  readonly #toPark = new DueQueue<{ readonly lane: Lane; readonly since: number }>();
  #waitingCount = 0;
  /** Whether the latest probe was with an event that was tried before. */
  #probedAgain = false;

  constructor(limits: ParkingLimits, parking?: Parking) {
    this.#limits = limits;
    this.#parking = parking;
  }

  /** Lanes that wait for another attempt, in memory. */
  get waiting(): number {
    return this.#waitingCount;
  }

  /** Lanes that can go out now. */
  get ready(): number {
    return this.#fresh.size + this.#again.size;
  }

  /** Those of them whose first event was not tried before. */
  get untried(): number {
    return this.#fresh.size;
  }

  /** When the next lane that waits for another attempt is due, in the clock's `now`; `Infinity` when none waits. */
  get nextAttempt(): number {
    return this.#waiting.nextDue;
  }

  /** When the next lane becomes ready, or is to be parked, in the clock's `now`; `Infinity` when none waits. */
  get nextDue(): number {
    return Math.min(this.#waiting.nextDue, this.#toPark.nextDue);
  }

  /** Puts an event behind those of its user key. Without a key it has a lane of its own: nobody waits for it. */
  add(entry: Entry, hasKey: boolean): void {
    const known = hasKey ? this.#byId.get(entry.keyHash) : undefined;
    const lane = known ?? newLane(hasKey ? entry.keyHash : undefined);
    if (lane.parked !== undefined) {
      this.#parking?.follow(lane, entry);
      return;
    }
    append(lane, entry);
    if (known === undefined) {
      if (lane.id !== undefined) this.#byId.set(lane.id, lane);
      this.#fresh.push(lane);
    } else if (lane.state === "waiting" && lane.size > this.#limits.parkAbove + 1) {
      this.#park(lane);
    }
  }

  /** The lane with this id; a new one, which is parked, if there is none. */
  parkedLane(id: number | string | undefined, make: () => Parked): Lane {
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (known !== undefined) return known;
    const lane: Lane = { ...newLane(id), state: "parked", parked: make() };
    if (id !== undefined) this.#byId.set(id, lane);
    return lane;
  }

  /**
   * Takes the lane that goes out next; it is busy from now on. For a probe, rather one that did not fail last, and every other
   * time one that was never tried: if it is the events that make the destination fail, another one will show.
   */
  take(probe: boolean): Lane | undefined {
    const queue = this.#nextOf(probe);
    if (probe) this.#probedAgain = queue === this.#again;
    const lane = queue.shift();
    if (lane !== undefined) lane.state = "busy";
    return lane;
  }

  /** The first event of the lane that `take` would give. */
  peek(probe: boolean): Entry | undefined {
    return this.#nextOf(probe).first?.head;
  }

  #nextOf(probe: boolean): Queue<Lane> {
    if (this.#again.size === 0) return this.#fresh;
    const avoid = probe && this.#fresh.size > 0 && (this.#again.size === 1 || this.#probedAgain);
    return avoid ? this.#fresh : this.#again;
  }

  /** Takes the first event out of a busy lane. */
  shift(lane: Lane): Entry | undefined {
    const entry = lane.head;
    if (entry === undefined) return undefined;
    lane.head = entry.next;
    if (lane.head === undefined) lane.tail = undefined;
    lane.size--;
    entry.next = undefined;
    return entry;
  }

  /** Puts an event back before all others of its lane. */
  unshift(lane: Lane, entry: Entry): void {
    entry.next = lane.head;
    lane.head = entry;
    lane.tail ??= entry;
    lane.size++;
  }

  /** What a busy lane sent has ended, and nothing of it has to be tried again. */
  release(lane: Lane): void {
    this.#expectState(lane, "busy");
    lane.waitingSince = undefined;
    if (lane.head !== undefined) {
      lane.state = "ready";
      this.#fresh.push(lane);
    } else if (lane.parked === undefined) {
      this.end(lane);
    } else {
      lane.state = "parked";
      this.#parking?.due(lane);
    }
  }

  /** The destination failed: the lane is as ready as before. */
  retry(lane: Lane): void {
    this.#expectState(lane, "busy");
    lane.state = "ready";
    this.#again.push(lane);
  }

  /** Its first event failed for a reason of its own: the lane waits until `due`, and only this one. */
  wait(lane: Lane, due: number, now: number): void {
    this.#expectState(lane, "busy");
    if (lane.parked !== undefined) {
      lane.state = "parked";
      this.#parking?.unload(lane);
      this.#waiting.push(due, lane);
      return;
    }
    lane.state = "waiting";
    this.#waitingCount++;
    this.#waiting.push(due, lane);
    const isNew = lane.waitingSince === undefined;
    const since = lane.waitingSince ?? now;
    lane.waitingSince = since;
    const { parkAfter, parkAbove } = this.#limits;
    if (this.#parking === undefined) return;
    if (lane.size > parkAbove + 1 || now - since >= parkAfter) this.#park(lane);
    else if (isNew) this.#toPark.push(since + parkAfter, { lane, since });
  }

  /** Makes the lanes ready whose time has come. */
  wake(now: number): void {
    for (let item = this.#toPark.shiftDue(now); item !== undefined; item = this.#toPark.shiftDue(now)) {
      const { lane, since } = item;
      if (lane.state === "waiting" && lane.waitingSince === since) this.#park(lane);
    }
    this.#wakeDue(now);
  }

  /** Makes all lanes ready that wait for another attempt. Returns how many that are. */
  wakeAll(): number {
    return this.#wakeDue(Number.POSITIVE_INFINITY);
  }

  #wakeDue(now: number): number {
    let woken = 0;
    for (let lane = this.#waiting.shiftDue(now); lane !== undefined; lane = this.#waiting.shiftDue(now)) {
      woken++;
      if (lane.state === "parked") {
        this.#parking?.due(lane);
      } else {
        this.#waitingCount--;
        lane.state = "ready";
        this.#again.push(lane);
      }
    }
    return woken;
  }

  /** A parked lane is due once it has been told so. */
  dueAt(lane: Lane, due: number): void {
    this.#expectState(lane, "parked");
    this.#waiting.push(due, lane);
  }

  /** Events of a parked lane are in memory again: it goes out before those that were not tried yet. */
  loaded(lane: Lane, entries: readonly Entry[]): void {
    this.#expectState(lane, "parked");
    for (const entry of entries) append(lane, entry);
    lane.state = "ready";
    this.#again.push(lane);
  }

  /** A lane without events is none. */
  end(lane: Lane): void {
    if (lane.id !== undefined) this.#byId.delete(lane.id);
  }

  /** It stays in the queue of those that wait: that is when it will be due. */
  #park(lane: Lane): void {
    if (this.#parking?.isOpen !== true) return;
    this.#waitingCount--;
    lane.state = "parked";
    this.#parking.park(lane);
  }

  #expectState(lane: Lane, state: Lane["state"]): void {
    if (lane.state !== state) throw new Error(`The lane ${lane.id} is ${lane.state}, not ${state}`);
  }
}

function newLane(id: Lane["id"]): Lane {
  return {
    id,
    state: "ready",
    head: undefined,
    tail: undefined,
    size: 0,
    waitingSince: undefined,
    parked: undefined,
  };
}

function append(lane: Lane, entry: Entry): void {
  entry.lane = lane;
  if (lane.tail === undefined) lane.head = entry;
  else lane.tail.next = entry;
  lane.tail = entry;
  lane.size++;
}
