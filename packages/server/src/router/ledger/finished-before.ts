import type { Progress } from "@pintle/log";

/**
 * Events of a partition that an earlier run has finished, in records that are still to be read: as
 * numbers outside of the heap, twelve bytes for each, since there may be a hundred thousand of
 * them. Records are taken in the order of their offsets.
 */
export class FinishedBefore {
  #offsets: Float64Array = new Float64Array(0);
  #indices: Uint32Array = new Uint32Array(0);
  /** Position of the first that was not taken. */
  #first = 0;

  constructor(finished: Progress["finished"]) {
    this.add(finished);
  }

  /** Events that are left. */
  get size(): number {
    return this.#offsets.length - this.#first;
  }

  /** Adds events, in whatever order; those that are there already count once. */
  add(finished: Progress["finished"]): void {
    if (finished.length === 0) return;
    const added = finished.toSorted(([one, at], [other, otherAt]) => one - other || at - otherAt);
    const offsets = new Float64Array(this.size + added.length);
    const indices = new Uint32Array(offsets.length);
    let count = 0;
    const put = (offset: number, index: number): void => {
      if (count > 0 && offsets[count - 1] === offset && indices[count - 1] === index) return;
      offsets[count] = offset;
      indices[count++] = index;
    };
    let at = this.#first;
    for (const [offset, index] of added) {
      while (at < this.#offsets.length && this.#isBefore(at, offset, index)) {
        put(this.#offsets[at]!, this.#indices[at]!);
        at++;
      }
      put(offset, index);
    }
    for (; at < this.#offsets.length; at++) put(this.#offsets[at]!, this.#indices[at]!);
    this.#offsets = offsets.slice(0, count);
    this.#indices = indices.slice(0, count);
    this.#first = 0;
  }

  #isBefore(at: number, offset: number, index: number): boolean {
    const own = this.#offsets[at]!;
    return own < offset || (own === offset && this.#indices[at]! < index);
  }

  /** How many of a record's events are there. */
  countOf(offset: number): number {
    const from = this.#search(offset);
    let to = from;
    while (this.#offsets[to] === offset) to++;
    return to - from;
  }

  /**
   * Gives a record's events, in their order, and forgets them, with those of all records before it:
   * they are gone.
   */
  take(offset: number): readonly number[] {
    this.dropBelow(offset);
    const from = this.#first;
    while (this.#offsets[this.#first] === offset) this.#first++;
    return from === this.#first ? none : [...this.#indices.subarray(from, this.#first)];
  }

  /** Forgets the events of records below an offset. */
  dropBelow(offset: number): void {
    while (this.#first < this.#offsets.length && this.#offsets[this.#first]! < offset) this.#first++;
    if (this.size > 0 || this.#offsets.length === 0) return;
    this.#offsets = new Float64Array(0);
    this.#indices = new Uint32Array(0);
    this.#first = 0;
  }

  /** The events that are left, in order. */
  *[Symbol.iterator](): Generator<[offset: number, index: number]> {
    for (let at = this.#first; at < this.#offsets.length; at++) yield [this.#offsets[at]!, this.#indices[at]!];
  }

  /** Position of the first that does not stand before the record. */
  #search(offset: number): number {
    let low = this.#first;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const none: readonly number[] = [];
