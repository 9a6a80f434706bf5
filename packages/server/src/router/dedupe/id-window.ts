import { hashWords } from "./id-hash.ts";

/**
 * The latest ids of a partition, as 128-bit hashes in tables of fixed size: which of the `capacity`
 * ids before it equals the next one? A ring holds the ids in their order, and an open-addressed
 * table of twice the size finds them in it. 24 bytes for each id, of which the system gives only
 * those that were touched.
 */
export class IdWindow {
  readonly #capacity: number;
  /** The hash of the id with number n is at n modulo `capacity`. */
  readonly #ring: Uint32Array;
  /** Place in the ring plus 1, of the latest id with a hash; 0: free. Linear probing. */
  readonly #table: Int32Array;
  readonly #mask: number;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ring = new Uint32Array(capacity * hashWords);
    let size = 4;
    while (size < 2 * capacity) size *= 2;
    this.#table = new Int32Array(size);
    this.#mask = size - 1;
  }

  /** Takes the id whose hash is at `at`; returns whether it is one of those before it. */
  take(hashes: Uint32Array, at: number): boolean {
    const ring = this.#ring;
    const place = this.#count % this.#capacity;
    const isKnown = this.#table[this.#find(hashes, at)] !== 0;
    if (this.#count >= this.#capacity) this.#forget(place);
    for (let word = 0; word < hashWords; word++) ring[place * hashWords + word] = hashes[at + word]!;
    this.#table[this.#find(hashes, at)] = place + 1;
    this.#count++;
    return isKnown;
  }

  clear(): void {
    this.#table.fill(0);
    this.#count = 0;
  }

  /** Where in the table a hash is, or would be put. */
  #find(hashes: Uint32Array, at: number): number {
    const ring = this.#ring;
    const first = hashes[at]!;
    for (let slot = first & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = this.#table[slot]!;
      if (place === 0) return slot;
      const other = (place - 1) * hashWords;
      if (
        ring[other] === first &&
        ring[other + 1] === hashes[at + 1] &&
        ring[other + 2] === hashes[at + 2] &&
        ring[other + 3] === hashes[at + 3]
      )
        return slot;
    }
  }

  /** Takes the id at a place in the ring out of the table, unless a later one is the same. */
  #forget(place: number): void {
    const table = this.#table;
    let free = this.#find(this.#ring, place * hashWords);
    if (table[free] !== place + 1) return;
    table[free] = 0;
    // What was put behind it because its own slot was taken moves up, so that no search ends too
    // early.
    for (let slot = (free + 1) & this.#mask; table[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const home = this.#ring[(table[slot]! - 1) * hashWords]! & this.#mask;
      const isBetween = free <= slot ? free < home && home <= slot : free < home || home <= slot;
      if (isBetween) continue;
      table[free] = table[slot]!;
      table[slot] = 0;
      free = slot;
    }
  }
}
