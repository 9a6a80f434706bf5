import type { Cells } from "../cells.ts";
import type { Discard } from "../row.ts";

/** A row on its way into a table, and the event that it is of. */
export interface Item {
  /** Index of the event in the batch. */
  readonly event: number;
  readonly id: string;
  readonly receivedAt: string;
  readonly parts: readonly Cells[];
}

/** A value that did not fit, and the event that it is of. */
export interface ItemDiscard extends Discard {
  readonly event: number;
  readonly receivedAt: string;
}

/**
 * The newest row of each id by `received_at`, the last among equal ones; in the order of the items.
 */
export function newestOfEach(items: readonly Item[]): readonly Item[] {
  const newest = new Map<string, Item>();
  for (const item of items) {
    const known = newest.get(item.id);
    if (known === undefined || Date.parse(item.receivedAt) >= Date.parse(known.receivedAt)) newest.set(item.id, item);
  }
  return newest.size === items.length ? items : items.filter((item) => newest.get(item.id) === item);
}
