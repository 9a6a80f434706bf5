/**
 * The duplicates among the events of a range of a partition. They are rare, so only they are kept;
 * where there are too many the oldest are forgotten, and the range begins later.
 */
export class Duplicates {
  #from: number;
  #next: number;
  readonly #most: number;
  /**
   * Flags of each record that has duplicates: one byte for each event, 1 for a duplicate. In the
   * order of the offsets.
   */
  readonly #duplicates = new Map<number, Uint8Array>();

  /** @param most records with duplicates that are kept */
  constructor(from: number, most: number) {
    this.#from = from;
    this.#next = from;
    this.#most = most;
  }

  /** Offset from which it says everything. */
  get from(): number {
    return this.#from;
  }

  /** Offset up to which it does. */
  get next(): number {
    return this.#next;
  }

  /** Whether one more record with duplicates makes it forget the oldest. */
  get isFull(): boolean {
    return this.#duplicates.size >= this.#most;
  }

  add(offset: number, duplicates: Uint8Array | undefined): void {
    this.#next = offset + 1;
    if (duplicates === undefined) return;
    this.#duplicates.set(offset, duplicates);
    if (this.#duplicates.size <= this.#most) return;
    const [oldest] = this.#duplicates.keys();
    this.#duplicates.delete(oldest!);
    this.#from = oldest! + 1;
  }

  /** Moves the end over offsets without a record. */
  skipTo(next: number): void {
    if (next > this.#next) this.#next = next;
  }

  of(offset: number): Uint8Array | undefined {
    return this.#duplicates.get(offset);
  }
}
