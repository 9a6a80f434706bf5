import type { Discard } from "./row.ts";
import { cleanText } from "./text.ts";
import type { RowValue } from "./types.ts";

/** The values of one event that have no place in its rows. */
export class EventDiscards {
  readonly list: Discard[] = [];
  readonly #rowId: string;

  constructor(rowId: string) {
    this.#rowId = rowId;
  }

  add(table: string, column: string, value: RowValue, reason: Discard["reason"]): void {
    this.list.push({ table, rowId: this.#rowId, column: cleanText(column), value: String(value), reason });
  }
}
