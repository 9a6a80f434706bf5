/**
 * What consumer groups still need of a topic that is written here: retention keeps it. A group's
 * claim outlives its member, because members come back: after a restart, after a fault of their
 * thread. One that does not come back lets go in the end.
 *
 * A claim is always in one of these states:
 * - *held*: a member has joined the group and says how far it is.
 * - *free*: no member, for now. Nothing goes that it needs.
 * - *absent*: so long after readers of the topic appeared that no member is to be expected: its
 *   destination was disabled or removed. It counts for `keptFor` more. A member that joins after
 *   all holds it again.
 */
export class GroupOffsets {
  readonly #groups = new Map<string, GroupOffset>();
  /** When each reader that is there now appeared. */
  readonly #readers = new Map<object, number>();

  /** How many readers there are when all are there. */
  readonly #all: () => number;

  /** `groups`: those that have been here before, none of which has a member yet. */
  constructor(groups: Iterable<GroupBefore> = [], all: () => number = () => 1) {
    this.#all = all;
    for (const { group, from, absentSince } of groups) {
      this.#groups.set(group, { from, holder: undefined, freeSince: Number.NEGATIVE_INFINITY, absentSince });
    }
  }

  /** A reader, at which groups may have members, is there. */
  appeared(reader: object, now: number): void {
    this.#readers.set(reader, now);
  }

  /** A reader is gone, and no longer holds anything. */
  vanished(reader: object, now: number): void {
    this.#readers.delete(reader);
    for (const [group, { holder }] of this.#groups) if (holder === reader) this.free(reader, group, now);
  }

  /**
   * The member of `group` at `reader` has not finished the record at `from`, and none below counts.
   * Gives whether the group was absent.
   */
  hold(reader: object, group: string, from: number): boolean {
    const before = this.#groups.get(group);
    this.#groups.set(group, { from, holder: reader, freeSince: Number.POSITIVE_INFINITY, absentSince: undefined });
    return before?.absentSince !== undefined;
  }

  /** `group` has no member at `reader` any more. */
  free(reader: object, group: string, now: number): void {
    const held = this.#groups.get(group);
    if (held === undefined || held.holder !== reader) return;
    this.#groups.set(group, { ...held, holder: undefined, freeSince: now });
  }

  /** Finds which free groups are absent from now on. */
  findAbsent(now: number): string[] {
    const found: string[] = [];
    for (const [group, offset] of this.#groups) {
      if (offset.holder !== undefined || offset.absentSince !== undefined) continue;
      if (!this.#isSettled(now) || now - offset.freeSince < settling) continue;
      this.#groups.set(group, { ...offset, absentSince: now });
      found.push(group);
    }
    return found;
  }

  /** The lowest offset that is needed; `Infinity`: nobody needs anything. */
  neededFrom(now: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { from, absentSince } of this.#groups.values()) {
      // After a start, time is counted only once everybody had the time to come back.
      const over = absentSince !== undefined && now - absentSince >= keptFor && this.#isSettled(now);
      if (!over) least = Math.min(least, from);
    }
    return least;
  }

  /**
   * Whether all readers have been there long enough for all their members to have joined. One that
   * is missing may have any of the groups that have no member.
   */
  #isSettled(now: number): boolean {
    let settled = 0;
    for (const since of this.#readers.values()) if (now - since >= settling) settled++;
    return settled >= Math.max(1, this.#all());
  }
}

/** How long the offset of an absent group counts, milliseconds. */
export const keptFor: number = 24 * 60 * 60 * 1000;
/** How long after a reader appeared its members may still be joining, milliseconds. */
export const settling: number = 10 * 60 * 1000;

/** A group as an earlier run of the program left it. Times are milliseconds since the epoch. */
export interface GroupBefore {
  readonly group: string;
  readonly from: number;
  readonly absentSince: number | undefined;
}

interface GroupOffset {
  readonly from: number;
  /** The reader at which the member is. */
  readonly holder: object | undefined;
  /** The time since which it has no holder. */
  readonly freeSince: number;
  readonly absentSince: number | undefined;
}
