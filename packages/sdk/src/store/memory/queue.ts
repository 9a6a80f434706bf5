import { suffixBytes } from "../../encode.ts";
import type { QueueEntry } from "../entry.ts";

/** Messages with one user key that cannot be sent now, because earlier ones are out. */
class MessageLane {
  /** Messages that are out: taken, and not ended. */
  out = 0;
  /** Number of the `take` that took the last of them. */
  takenBy = 0;
  first: QueueEntry | undefined = undefined;
  last: QueueEntry | undefined = undefined;
  count = 0;
  bytes = 0;
}

/** What an entry takes up in a request: with its `sentAt` and a comma. */
export function sizeInRequest(entry: QueueEntry): number {
  return entry.length + suffixBytes + 1;
}

/**
 * The messages that are not out yet, in the order of their acceptance, and the rule of order: of
 * messages with the same user key (of the same *lane*), a later one is not taken while an earlier
 * one is out, unless both go in one batch.
 *
 * An entry is always in one of these states:
 *
 * - **fresh**: nobody has looked at its lane yet. Fresh entries are the newer end of the list by
 *   age, from `#fresh` on.
 * - **parked**: `take` came by while its lane had messages out; it waits in the lane, in order.
 * - **ready**: parked in a lane that has no messages out any more. Ready lanes are taken from
 *   first: they are older.
 * - **taken**: out; not in the queue. `done` tells the queue that it has ended, delivered or not.
 *
 * A lane exists only while it has messages out or parked, so a queue of a million users costs no
 * more than one of one user, and each entry is looked at once when it is taken, and at most once
 * more before, when it is parked.
 */
export class MessageQueue {
  /** The oldest that is not out, whatever its state. */
  #oldest: QueueEntry | undefined;
  #newest: QueueEntry | undefined;
  /** The oldest fresh one. */
  #fresh: QueueEntry | undefined;
  #freshCount = 0;
  #freshBytes = 0;

  readonly #lanes = new Map<number, MessageLane>();
  readonly #readyLanes = new Set<MessageLane>();
  #readyCount = 0;
  #readyBytes = 0;
  /** A bound: no ready entry is older than this one, which may be gone already. */
  #readyBound: QueueEntry | undefined;
  #takes = 0;
  #newestSeq = 0;

  /** Position of the message that came last. */
  get newestSeq(): number {
    return this.#newestSeq;
  }

  /** Messages that `take` might take; fresh ones may turn out to be blocked. */
  get count(): number {
    return this.#freshCount + this.#readyCount;
  }

  /** What {@link count} of them take up in requests. */
  get bytes(): number {
    return this.#freshBytes + this.#readyBytes;
  }

  /** The oldest message that is not out. */
  get oldest(): QueueEntry | undefined {
    return this.#oldest;
  }

  /** A message that is at least as old as every one that `take` might take. */
  get oldestTakeable(): QueueEntry | undefined {
    const bound = this.#readyBound;
    if (bound === undefined || this.#fresh === undefined) return bound ?? this.#fresh;
    return bound.seq < this.#fresh.seq ? bound : this.#fresh;
  }

  /** Gives the message its position, behind all that came before. */
  push(entry: QueueEntry): void {
    entry.seq = ++this.#newestSeq;
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#fresh ??= entry;
    this.#freshCount++;
    this.#freshBytes += sizeInRequest(entry);
  }

  /** Skips the positions of so many messages that were to come and are lost. */
  skip(count: number): void {
    this.#newestSeq += count;
  }

  /**
   * The next batch, oldest first: at most that many messages and bytes. Empty if all that is there
   * is blocked, and then `count` is 0.
   */
  take(mostCount: number, mostBytes: number): QueueEntry[] {
    const taken: QueueEntry[] = [];
    const take = ++this.#takes;
    let room = mostBytes;
    const fits = (entry: QueueEntry): boolean => taken.length < mostCount && sizeInRequest(entry) <= room;
    const takeOne = (entry: QueueEntry, lane: MessageLane): void => {
      this.#unlink(entry);
      lane.out++;
      lane.takenBy = take;
      room -= sizeInRequest(entry);
      taken.push(entry);
    };

    for (const lane of this.#readyLanes) {
      if (!fits(lane.first!)) break;
      this.#unready(lane);
      while (lane.first !== undefined && fits(lane.first)) takeOne(this.#shift(lane), lane);
    }
    while (this.#fresh !== undefined && taken.length < mostCount) {
      const entry = this.#fresh;
      const lane = this.#lanes.get(entry.lane);
      if (lane !== undefined && (lane.takenBy !== take || lane.first !== undefined)) {
        this.#leaveFresh(entry);
        park(entry, lane);
        if (lane.out === 0) this.#recount(lane, entry);
        continue;
      }
      if (!fits(entry)) break;
      this.#leaveFresh(entry);
      takeOne(entry, lane ?? this.#open(entry.lane));
    }
    // Lanes come in the order in which they got ready; a batch is in the order of acceptance.
    return taken.sort((a, b) => a.seq - b.seq);
  }

  /**
   * Takes the messages that wait behind one that is out, in order: to go with it. At most that many
   * messages and bytes.
   */
  takeBehind(out: QueueEntry, mostCount: number, mostBytes: number): QueueEntry[] {
    const taken: QueueEntry[] = [];
    const lane = this.#lanes.get(out.lane);
    let room = mostBytes;
    while (lane?.first !== undefined && taken.length < mostCount && sizeInRequest(lane.first) <= room) {
      room -= sizeInRequest(lane.first);
      const entry = this.#shift(lane);
      this.#unlink(entry);
      lane.out++;
      taken.push(entry);
    }
    return taken;
  }

  /** An entry that had been taken has ended. */
  done(entry: QueueEntry): void {
    const lane = this.#lanes.get(entry.lane);
    if (lane === undefined || --lane.out > 0) return;
    if (lane.first === undefined) this.#lanes.delete(entry.lane);
    else this.#makeReady(lane);
  }

  /** Removes the oldest message that is not out, whatever its state. */
  shift(): QueueEntry | undefined {
    const entry = this.#oldest;
    if (entry === undefined) return undefined;
    if (entry === this.#fresh) {
      this.#leaveFresh(entry);
    } else {
      // Parked, and the first of its lane, because the others are newer.
      const lane = this.#lanes.get(entry.lane)!;
      const ready = this.#readyLanes.has(lane);
      if (ready) this.#unready(lane);
      this.#shift(lane);
      if (lane.first === undefined && lane.out === 0) this.#lanes.delete(entry.lane);
      else if (ready) this.#makeReady(lane);
    }
    this.#unlink(entry);
    return entry;
  }

  #open(key: number): MessageLane {
    const lane = new MessageLane();
    this.#lanes.set(key, lane);
    return lane;
  }

  #leaveFresh(entry: QueueEntry): void {
    this.#fresh = entry.newer;
    this.#freshCount--;
    this.#freshBytes -= sizeInRequest(entry);
  }

  #shift(lane: MessageLane): QueueEntry {
    const entry = lane.first!;
    lane.first = entry.behind;
    if (lane.first === undefined) lane.last = undefined;
    entry.behind = undefined;
    lane.count--;
    lane.bytes -= sizeInRequest(entry);
    return entry;
  }

  #makeReady(lane: MessageLane): void {
    this.#readyLanes.add(lane);
    this.#readyCount += lane.count;
    this.#readyBytes += lane.bytes;
    if (this.#readyBound === undefined || lane.first!.seq < this.#readyBound.seq) this.#readyBound = lane.first;
  }

  #unready(lane: MessageLane): void {
    this.#readyLanes.delete(lane);
    this.#readyCount -= lane.count;
    this.#readyBytes -= lane.bytes;
    if (this.#readyLanes.size === 0) this.#readyBound = undefined;
  }

  /** An entry was parked in a lane that is ready and was counted without it. */
  #recount(lane: MessageLane, entry: QueueEntry): void {
    if (!this.#readyLanes.has(lane)) return;
    this.#readyCount++;
    this.#readyBytes += sizeInRequest(entry);
  }

  #unlink(entry: QueueEntry): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}

function park(entry: QueueEntry, lane: MessageLane): void {
  if (lane.last === undefined) lane.first = entry;
  else lane.last.behind = entry;
  lane.last = entry;
  lane.count++;
  lane.bytes += sizeInRequest(entry);
}
