import type { Cells, Discard } from "../warehouse/rows.ts";
import { type ColumnType, columnTypeOf, fit, type Scalar, type ValueType, widen } from "../warehouse/types.ts";
import type { Column } from "./catalog.ts";
import { copyNull, copyText } from "./copy-in.ts";

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

/** What a table needs before it can take some rows. */
export interface TableChange {
  readonly add: Map<string, ColumnType>;
  readonly widen: Set<string>;
}

export interface FitRules {
  /** Fractions that meet whole numbers are cut off. */
  readonly rudderStackTypes: boolean;
}

/**
 * What has to change about a table so that it can take `items`: columns that it lacks, in the order and with the type in
 * which they are first seen, and columns of 64-bit numbers that meet a fraction.
 *
 * @param free columns that it can still get
 */
export function changesFor(
  items: readonly Item[],
  columns: ReadonlyMap<string, Column>,
  free: number,
  { rudderStackTypes }: FitRules,
): TableChange {
  const add = new Map<string, ColumnType>();
  const widened = new Set<string>();
  for (const { parts } of items) {
    for (const { names, types } of parts) {
      for (let at = 0; at < names.length; at++) {
        const type = types[at]!;
        // Most values are texts in columns that are there: nothing to do about these.
        const column = columns.get(names[at]!);
        if (column !== undefined) {
          if (type === "float" && column.sqlType === "bigint" && !rudderStackTypes) widened.add(names[at]!);
          continue;
        }
        const name = names[at]!;
        const added = add.get(name);
        if (added === undefined) {
          if (add.size < free) add.set(name, columnTypeOf(type));
        } else if (added === "int" && type === "float" && !rudderStackTypes) add.set(name, "float");
      }
    }
  }
  return { add, widen: widened };
}

/** Turns rows into what the columns of one table take. What does not fit is told to `discard`. */
export class Fitter {
  /** Columns that are written, in the order of the lines. */
  readonly names: readonly string[];
  readonly #table: string;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #rules: FitRules;
  readonly #discard: (discard: ItemDiscard) => void;

  /** @param used columns that the rows may have values for */
  constructor(
    table: string,
    columns: ReadonlyMap<string, Column>,
    used: ReadonlySet<string>,
    rules: FitRules,
    discard: (discard: ItemDiscard) => void,
  ) {
    this.#table = table;
    this.#columns = columns;
    this.#rules = rules;
    this.#discard = discard;
    this.names = [...used].filter((name) => columns.get(name)?.writable === true);
    this.#slots = new Map(this.names.map((name, at) => [name, at]));
  }

  /** The row as a line for COPY. */
  line(item: Item): string {
    const fields = new Array<string>(this.names.length).fill(copyNull);
    this.#each(item, (slot, text) => {
      fields[slot] = copyText(text);
    });
    return `${fields.join("\t")}\n`;
  }

  /** The row's values as texts, by column. */
  values(item: Item): Map<string, string> {
    const values = new Map<string, string>();
    this.#each(item, (slot, text) => values.set(this.names[slot]!, text));
    return values;
  }

  #each(item: Item, put: (slot: number, text: string) => void): void {
    for (const { names, values, types } of item.parts) {
      for (let at = 0; at < names.length; at++) {
        const name = names[at]!;
        const slot = this.#slots.get(name);
        const value = values[at]!;
        if (slot === undefined) {
          this.#tell(item, name, value, this.#columns.has(name) ? "generated" : "columns");
          continue;
        }
        const text = fitted(value, types[at]!, this.#columns.get(name)!, this.#rules);
        if (text === undefined) this.#tell(item, name, value, "type");
        else put(slot, text);
      }
    }
  }

  #tell({ event, id, receivedAt }: Item, column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#discard({ event, receivedAt, table: this.#table, rowId: id, column, value: String(value), reason });
  }
}

/** The value as a column's text; `undefined` when it does not fit. */
export function fitted(
  value: Scalar,
  type: ValueType,
  column: Column,
  { rudderStackTypes }: FitRules,
): string | undefined {
  if (column.type === "other") return String(value);
  let fits = fit(value, type, column.type);
  if (fits === widen) fits = rudderStackTypes ? whole(value as number) : undefined;
  if (fits === undefined) return undefined;
  const text = typeof fits === "string" ? fits : String(fits);
  const { range, maxLength } = column;
  if (range !== undefined && !(Number(fits) >= range[0] && Number(fits) <= range[1])) return undefined;
  if (maxLength !== undefined && text.length > maxLength && [...text].length > maxLength) return undefined;
  return text;
}

function whole(value: number): number | undefined {
  const cut = Math.trunc(value);
  return Math.abs(cut) < 2 ** 63 ? cut : undefined;
}

/** Of rows with the same id the newest by `received_at`, of equal ones the last; in the order of the items. */
export function newestOfEach(items: readonly Item[]): readonly Item[] {
  const newest = new Map<string, Item>();
  for (const item of items) {
    const known = newest.get(item.id);
    if (known === undefined || Date.parse(item.receivedAt) >= Date.parse(known.receivedAt)) newest.set(item.id, item);
  }
  return newest.size === items.length ? items : items.filter((item) => newest.get(item.id) === item);
}
