import { DueQueue } from "../queues/due-queue.ts";
import { Queue } from "../queues/queue.ts";
import type { Entry, Lane } from "./entry.ts";

/** Where lanes are parked. */
export interface Parking {
  /** Whether a lane that waits may be written away now. */
  mayPark(lane: Lane): boolean;
  /** Takes all events of a waiting lane. */
  park(lane: Lane): void;
  /** Takes an event behind those of a lane that is parked. */
  follow(lane: Lane, entry: Entry): void;
  /** Takes the events back that were loaded, of which the first is to be tried again. */
  unload(lane: Lane): void;
  /**
   * A parked lane is due. Its events are loaded, and it is ready; or it has none any more and ends.
   */
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
  #parking: Parking | undefined;
  readonly #byId = new Map<number | string, Lane>();
  readonly #fresh = new Queue<Lane>();
  /** Lanes whose first event was tried before: they go first. */
  readonly #again = new Queue<Lane>();
  readonly #waiting = new DueQueue<Lane>();
  /** When waiting lanes are to be parked. */
  readonly #toPark = new DueQueue<{ readonly lane: Lane; readonly since: number }>();
  /** How often each partition was taken away. */
  readonly #epochs = new Map<number, number>();
  #waitingCount = 0;
  /** Whether the latest probe was with an event that was tried before. */
  #probedAgain = false;

  constructor(limits: ParkingLimits) {
    this.#limits = limits;
  }

  /** Lanes that wait for long are parked from now on, here. */
  parkIn(parking: Parking): void {
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

  /** The number of ready lanes whose first event was not tried before. */
  get untried(): number {
    return this.#fresh.size;
  }

  /**
   * When the next lane that waits for another attempt is due, in the clock's `now`; `Infinity` when
   * none waits.
   */
  get nextAttempt(): number {
    return this.#waiting.nextDue;
  }

  /**
   * When the next lane becomes ready, or is to be parked, in the clock's `now`; `Infinity` when
   * none waits.
   */
  get nextDue(): number {
    return Math.min(this.#waiting.nextDue, this.#toPark.nextDue);
  }

  /**
   * Puts an event behind those of its user key. Without a key it has a lane of its own: nobody
   * waits for it.
   */
  add(entry: Entry, hasKey: boolean): void {
    const known = hasKey ? this.#byId.get(entry.keyHash) : undefined;
    const lane = known ?? this.#newLane(hasKey ? entry.keyHash : undefined, entry.partition.source.partition);
    if (lane.isParked) {
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
  parkedLane(id: number | string | undefined, partition: number): Lane {
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (known !== undefined) return known;
    const lane: Lane = { ...this.#newLane(id, partition), state: "parked", isParked: true };
    if (id !== undefined) this.#byId.set(id, lane);
    return lane;
  }

  /**
   * Takes the lane that goes out next; it is busy from now on. For a probe, rather one that did not
   * fail last, and every other time one that was never tried: if it is the events that make the
   * destination fail, another one will show.
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
    } else if (!lane.isParked) {
      this.end(lane);
    } else {
      lane.state = "parked";
      this.emptied(lane);
    }
  }

  /** The destination failed: the lane is as ready as before. */
  retry(lane: Lane): void {
    this.#expectState(lane, "busy");
    lane.state = "ready";
    this.#again.push(lane);
  }

  /**
   * Has a lane wait until `due`, and only this one: its first event failed for a reason of its own.
   */
  wait(lane: Lane, due: number, now: number): void {
    this.#expectState(lane, "busy");
    if (lane.isParked) {
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

  /**
   * Events of a parked lane are in memory again: it goes out before those that were not tried yet.
   */
  loaded(lane: Lane, entries: readonly Entry[]): void {
    this.#expectState(lane, "parked");
    for (const entry of entries) append(lane, entry);
    lane.state = "ready";
    this.#again.push(lane);
  }

  /** What was loaded of a parked lane has all ended: the lane is due again. */
  emptied(lane: Lane): void {
    this.#expectState(lane, "parked");
    this.#parking?.due(lane);
  }

  /** A lane without events is none. */
  end(lane: Lane): void {
    lane.isParked = false;
    if (lane.id !== undefined) this.#byId.delete(lane.id);
  }

  /**
   * Forgets the lanes of a partition that was taken away, of which nothing is on its way. Gives
   * their events in memory.
   */
  drop(partition: number): Entry[] {
    this.#epochs.set(partition, this.#epochOf(partition) + 1);
    const dropped = new Set<Lane>();
    const stays = (lane: Lane): boolean => {
      if (lane.partition === partition) dropped.add(lane);
      return lane.partition !== partition;
    };
    this.#fresh.filter(stays);
    this.#again.filter(stays);
    this.#waiting.filter(stays);
    this.#toPark.filter(({ lane }) => stays(lane));
    for (const [id, lane] of this.#byId) if (!stays(lane)) this.#byId.delete(id);
    const entries: Entry[] = [];
    for (const lane of dropped) {
      if (lane.state === "waiting") this.#waitingCount--;
      for (let entry = this.shift(lane); entry !== undefined; entry = this.shift(lane)) entries.push(entry);
    }
    return entries;
  }

  /** Whether its partition was taken away while events of it were on their way. */
  isGone({ partition, epoch }: Lane): boolean {
    return epoch !== this.#epochOf(partition);
  }

  #epochOf(partition: number): number {
    return this.#epochs.get(partition) ?? 0;
  }

  #newLane(id: Lane["id"], partition: number): Lane {
    return newLane(id, partition, this.#epochOf(partition));
  }

  /** Parks a lane. It stays in the queue of those that wait: that is when it will be due. */
  #park(lane: Lane): void {
    if (this.#parking?.mayPark(lane) !== true) return;
    this.#waitingCount--;
    lane.state = "parked";
    lane.isParked = true;
    this.#parking.park(lane);
  }

  #expectState(lane: Lane, state: Lane["state"]): void {
    if (lane.state !== state) throw new Error(`The lane ${lane.id} is ${lane.state}, not ${state}`);
  }
}

function newLane(id: Lane["id"], partition: number, epoch: number): Lane {
  return {
    id,
    partition,
    epoch,
    state: "ready",
    head: undefined,
    tail: undefined,
    size: 0,
    waitingSince: undefined,
    isParked: false,
  };
}

function append(lane: Lane, entry: Entry): void {
  entry.lane = lane;
  if (lane.tail === undefined) lane.head = entry;
  else lane.tail.next = entry;
  lane.tail = entry;
  lane.size++;
}
