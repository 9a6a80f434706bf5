import type { Journal } from "./journal.ts";
import type { RecordBatch } from "./record-batch.ts";

const fewBlocks = 64;

/**
 * Blocks whose messages have left memory, as long as somebody has receipts of them: a receipt knows its entry, an entry its
 * block. Without receipts a block costs nothing that lasts, however many are on disk.
 */
export class SpilledBatches {
  readonly #blocks = new Map<string, WeakRef<RecordBatch>>();
  #sweepAt: number = fewBlocks;

  add(block: RecordBatch): void {
    this.#blocks.set(keyOf(block.slot, block.offset), new WeakRef(block));
    if (this.#blocks.size < this.#sweepAt) return;
    for (const [key, reference] of this.#blocks) if (reference.deref() === undefined) this.#blocks.delete(key);
    // So that sweeping costs each block little, however many stay.
    this.#sweepAt = Math.max(fewBlocks, 2 * this.#blocks.size);
  }

  /** The block that was there, if anybody still knows it; it is forgotten here. */
  take(slot: Journal, offset: number): RecordBatch | undefined {
    const key = keyOf(slot, offset);
    const block = this.#blocks.get(key)?.deref();
    this.#blocks.delete(key);
    return block;
  }

  /** All that anybody still knows; they are forgotten here. */
  takeAll(): RecordBatch[] {
    const blocks = [...this.#blocks.values()]
      .map((reference) => reference.deref())
      .filter((block) => block !== undefined);
    this.#blocks.clear();
    return blocks;
  }
}

function keyOf(slot: Journal, offset: number): string {
  return `${slot.directory} ${offset}`;
}
