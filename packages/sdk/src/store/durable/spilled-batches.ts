import type { RecordBatch } from "./record-batch.ts";

const fewBatches = 64;

/**
 * Batches whose messages have left memory, as long as somebody has receipts of them: a receipt
 * knows its entry, an entry its batch. Without receipts a batch costs nothing that lasts, however
 * many are on disk.
 */
export class SpilledBatches {
  readonly #batches = new Map<string, WeakRef<RecordBatch>>();
  #sweepAt: number = fewBatches;

  add(batch: RecordBatch): void {
    this.#batches.set(keyOf(batch.journal, batch.offset), new WeakRef(batch));
    if (this.#batches.size < this.#sweepAt) return;
    for (const [key, reference] of this.#batches) if (reference.deref() === undefined) this.#batches.delete(key);
    // So that sweeping costs each batch little, however many stay.
    this.#sweepAt = Math.max(fewBatches, 2 * this.#batches.size);
  }

  /** The batch that was there, if anybody still knows it; it is forgotten here. */
  take(journal: number, offset: number): RecordBatch | undefined {
    const key = keyOf(journal, offset);
    const batch = this.#batches.get(key)?.deref();
    this.#batches.delete(key);
    return batch;
  }

  /** All that anybody still knows; they are forgotten here. */
  takeAll(): RecordBatch[] {
    const batches = [...this.#batches.values()]
      .map((reference) => reference.deref())
      .filter((batch) => batch !== undefined);
    this.#batches.clear();
    return batches;
  }
}

function keyOf(journal: number, offset: number): string {
  return `${journal} ${offset}`;
}
