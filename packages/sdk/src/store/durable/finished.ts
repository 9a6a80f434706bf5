import type { Acknowledgements } from "./record.ts";

/** The messages of a log that are finished, as its acknowledgements tell, read in their order. */
export class Finished {
  #low = 0;
  readonly #above = new Map<number, Set<number>>();

  /** The offset below which every message is finished. */
  get low(): number {
    return this.#low;
  }

  apply({ low, ranges }: Acknowledgements): void {
    if (low > this.#low) {
      this.#low = low;
      for (const offset of this.#above.keys()) if (offset < low) this.#above.delete(offset);
    }
    for (const { offset, first, count } of ranges) {
      for (let index = first; index < first + count; index++) this.add(offset, index);
    }
  }

  add(offset: number, index: number): void {
    if (offset < this.#low) return;
    const indices = this.#above.get(offset);
    if (indices === undefined) this.#above.set(offset, new Set([index]));
    else indices.add(index);
  }

  has(offset: number, index: number): boolean {
    return offset < this.#low || this.#above.get(offset)?.has(index) === true;
  }

  /** Forgets a record that nobody asks about any more. */
  forget(offset: number): void {
    this.#above.delete(offset);
  }
}
