import type { LogError } from "./errors.ts";
import { GroupEncoder } from "./group.ts";
import type { ActiveSegment } from "./recovery.ts";
import { segmentHeaderBytes } from "./segment-header.ts";

/** A group holds at most this many bytes, or one record that is larger. */
const groupBytes = 4 * 1024 * 1024;

/** An append whose record is not durable yet. */
export interface PendingAppend {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  /** Bytes in the segment. */
  readonly bytes: number;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: LogError) => void;
}

/** What a group's bytes depend on besides its records. */
export interface GroupTarget {
  readonly active: ActiveSegment;
  readonly position: number;
  readonly group: number;
  readonly offset: number;
}

/** A group that is about to be written. `encoder` is free again when its bytes are written. */
export interface EncodedGroup {
  readonly target: GroupTarget;
  readonly encoder: GroupEncoder;
  readonly group: readonly PendingAppend[];
}

/** The appends of a log that wait, encoded ahead where it is known what they follow. */
export class AppendQueue {
  readonly #now: () => number;
  #waiting: PendingAppend[] = [];
  /**
   * The group that is being written, and the next one, which is encoded meanwhile. They change
   * places.
   */
  #encoder = new GroupEncoder();
  #otherEncoder = new GroupEncoder();
  /**
   * Where the next group will be, for which `#encoder` has the first `#encoder.records` of those
   * that wait.
   */
  #target: GroupTarget | undefined;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get first(): PendingAppend | undefined {
    return this.#waiting[0];
  }

  push(append: PendingAppend): void {
    this.#waiting.push(append);
    if (this.#target !== undefined) this.#encodeWaiting(this.#target);
  }

  /** Takes everything that waits: it will not be written. */
  takeAll(): readonly PendingAppend[] {
    this.#target = undefined;
    return this.#waiting.splice(0);
  }

  /** Encodes what comes from now on at once, as what follows a group that is on its way. */
  follow(target: GroupTarget): void {
    this.#target = target;
    this.#encodeWaiting(target);
  }

  /** The group that was to be followed has failed. */
  followNothing(): void {
    this.#target = undefined;
  }

  /** Takes the next group, which goes to the end of the segment; nothing is on its way. */
  takeGroup(active: ActiveSegment, nextOffset: number): EncodedGroup {
    const target = this.#targetIn(active, nextOffset);
    this.#encodeWaiting(target);
    const encoder = this.#encoder;
    return { target, encoder, group: this.#takeEncoded() };
  }

  /**
   * Where the next group goes, given that nothing is on its way. What was encoded for another place
   * is encoded again.
   */
  #targetIn(active: ActiveSegment, offset: number): GroupTarget {
    const known = this.#target;
    this.#target = undefined;
    if (known?.active === active && known.position === active.position && this.#encoder.records > 0) return known;
    this.#encoder.begin(0, 0, 0);
    return { active, position: active.position, group: active.group, offset };
  }

  /**
   * Encodes appends that wait, as many as go into one group and into the segment; at least one,
   * unless the segment has to be left.
   */
  #encodeWaiting({ active, position, group, offset }: GroupTarget): void {
    const encoder = this.#encoder;
    const room = active.capacity - position;
    for (let index = encoder.records; index < this.#waiting.length; index++) {
      const { header, payload, bytes } = this.#waiting[index]!;
      if (index === 0) {
        if (bytes > room && position > segmentHeaderBytes) return;
        encoder.begin(active.epoch, group, this.#now());
      } else if (encoder.bytes + bytes > Math.min(room, groupBytes)) return;
      encoder.add(offset + index, header, payload);
    }
  }

  /** Takes what is encoded, and leaves the other encoder to what follows. */
  #takeEncoded(): PendingAppend[] {
    const waiting = this.#waiting;
    const count = this.#encoder.records;
    [this.#encoder, this.#otherEncoder] = [this.#otherEncoder, this.#encoder];
    this.#encoder.begin(0, 0, 0);
    if (count < waiting.length) return waiting.splice(0, count);
    this.#waiting = [];
    return waiting;
  }
}

export function rejectAll(group: readonly PendingAppend[], error: LogError): void {
  for (const append of group) append.reject(error);
}
