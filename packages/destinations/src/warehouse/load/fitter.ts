import type { Cells, Shape } from "../cells.ts";
import type { Discard } from "../row.ts";
import type { RowValue } from "../types.ts";
import type { ColumnPlaces } from "./column-places.ts";
import { type FitRules, fitted, type Way, wayInto } from "./fitted.ts";
import type { Item, ItemDiscard } from "./item.ts";
import type { Column, Table } from "./table.ts";

/** The mapping from the cells of one shape to the columns that are written. */
interface Plan {
  /** Where each goes; `undefined` for those that go nowhere. */
  readonly slots: readonly (number | undefined)[];
  /** How each value goes in without a look; `undefined` where it has to be looked at. */
  readonly ways: readonly (Way | undefined)[];
  /** The first slot, where all of them fit as they are and go into slots that follow each other. */
  readonly start: number | undefined;
}

/** Where the parts of a row go, for all rows whose parts have the same shapes. */
export interface Layout {
  readonly shapes: readonly Shape[];
  /**
   * Columns without a value before each part, where the parts go in as they are, one after the
   * other; `undefined` where they do not. A part without cells counts none.
   */
  readonly gaps: readonly number[] | undefined;
  /** Columns without a value behind the last part. */
  readonly rest: number;
}

/**
 * Converts rows to the values that the columns of one table take. Each value that does not fit is
 * reported to `discard`, every time it is met.
 */
export class Fitter {
  /** Columns that are written, in the order of the values. */
  readonly names: readonly string[];
  readonly #table: string;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #written: readonly Column[];
  readonly #places: Pick<ColumnPlaces, "of">;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #plans = new Map<Shape, Plan>();
  #layout: Layout | undefined;
  readonly #rules: FitRules;
  readonly #discard: (discard: ItemDiscard) => void;

  /** @param items rows that will come */
  constructor(
    { name, columns }: Pick<Table, "name" | "columns">,
    places: Pick<ColumnPlaces, "of">,
    items: readonly Item[],
    rules: FitRules,
    discard: (discard: ItemDiscard) => void,
  ) {
    this.#table = name;
    this.#columns = columns;
    this.#places = places;
    this.#rules = rules;
    this.#discard = discard;
    const used = new Set([...shapesOf(items)].flatMap(({ names }) => names.map((name) => places.of(name))));
    this.names = [...used].filter((name) => columns.get(name)?.writable === true);
    this.#written = this.names.map((name) => (name === "id" ? asIdentity(columns.get(name)!) : columns.get(name)!));
    this.#slots = new Map(this.names.map((name, at) => [name, at]));
  }

  /** The row's values in the order of `names`; `undefined` where it has none. */
  values(item: Item): (RowValue | undefined)[] {
    const values = new Array<RowValue | undefined>(this.names.length).fill(undefined);
    this.#each(item, (slot, value) => {
      const known = values[slot];
      if (known === undefined) values[slot] = value;
      return known === undefined || String(known) === String(value);
    });
    return values;
  }

  /** The values that the row has, by column. */
  valuesByName(item: Item): Map<string, RowValue> {
    const values = new Map<string, RowValue>();
    for (const [slot, value] of this.values(item).entries())
      if (value !== undefined) values.set(this.names[slot]!, value);
    return values;
  }

  /**
   * Where the parts of a row go: the same object for rows that are laid out alike and follow each
   * other.
   */
  layoutOf({ parts }: Item): Layout {
    // Nearly every row has the shapes of the one before.
    const last = this.#layout;
    if (last !== undefined && isSameShapes(last.shapes, parts)) return last;
    const layout = this.#layoutFor(parts.map(({ shape }) => shape));
    this.#layout = layout;
    return layout;
  }

  #layoutFor(shapes: readonly Shape[]): Layout {
    const gaps: number[] = [];
    let next = 0;
    for (const shape of shapes) {
      const { start, slots } = this.#planFor(shape);
      if (slots.length === 0) {
        gaps.push(0);
        continue;
      }
      if (start === undefined || start < next) return { shapes, gaps: undefined, rest: 0 };
      gaps.push(start - next);
      next = start + slots.length;
    }
    return { shapes, gaps, rest: this.names.length - next };
  }

  /**
   * @param put says whether the value stands there: two full names may share a column, and the
   * first one has it
   */
  #each(item: Item, put: (slot: number, value: RowValue) => boolean): void {
    for (const { shape, values } of item.parts) {
      const { slots, ways } = this.#planFor(shape);
      for (let at = 0; at < values.length; at++) {
        const slot = slots[at];
        const value = values[at]!;
        if (slot === undefined) {
          const name = shape.names[at]!;
          this.#tell(item, name, value, this.#columns.has(this.#places.of(name)) ? "generated" : "columns");
          continue;
        }
        const way = ways[at];
        const fits =
          way === undefined
            ? fitted(value, shape.types[at]!, this.#written[slot]!, this.#rules)
            : way === "text"
              ? String(value)
              : value;
        if (fits === undefined) this.#tell(item, shape.names[at]!, value, "type");
        else if (!put(slot, fits)) this.#tell(item, shape.names[at]!, value, "collision");
      }
    }
  }

  #planFor(shape: Shape): Plan {
    let plan = this.#plans.get(shape);
    if (plan === undefined) {
      const slots = shape.names.map((name) => this.#slots.get(this.#places.of(name)));
      const ways = slots.map((slot, at) =>
        slot === undefined ? undefined : wayInto(shape.types[at]!, this.#written[slot]!),
      );
      const [start] = slots;
      const isRun = slots.every((slot, at) => ways[at] !== undefined && slot === start! + at);
      plan = { slots, ways, start: isRun ? start : undefined };
      this.#plans.set(shape, plan);
    }
    return plan;
  }

  #tell({ event, id, receivedAt }: Item, column: string, value: RowValue, reason: Discard["reason"]): void {
    this.#discard({ event, receivedAt, table: this.#table, rowId: id, column, value: String(value), reason });
  }
}

/** The shapes of the parts of some rows, in the order in which they are first seen. */
export function shapesOf(items: readonly Item[]): Set<Shape> {
  const shapes = new Set<Shape>();
  let before: readonly Cells[] = [];
  for (const { parts } of items) {
    for (let at = 0; at < parts.length; at++) if (parts[at]!.shape !== before[at]?.shape) shapes.add(parts[at]!.shape);
    before = parts;
  }
  return shapes;
}

function isSameShapes(shapes: readonly Shape[], parts: readonly Cells[]): boolean {
  if (shapes.length !== parts.length) return false;
  for (let at = 0; at < shapes.length; at++) if (shapes[at] !== parts[at]!.shape) return false;
  return true;
}

/**
 * A row without its id would be loaded again next time, so if the column cannot take an id, the
 * database is made to refuse the row.
 */
function asIdentity({ sqlType, writable }: Column): Column {
  return { type: "other", sqlType, writable };
}
