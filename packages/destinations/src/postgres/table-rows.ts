import type { Cells, Shape } from "../warehouse/cells.ts";
import type { Discard } from "../warehouse/row.ts";
import { type ColumnType, columnTypeOf, fit, type Scalar, type ValueType, widen } from "../warehouse/types.ts";
import type { Column } from "./catalog.ts";
import type { ColumnPlaces } from "./column-places.ts";
import { type CopyLines, copyFields, copyNull } from "./copy-in.ts";

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
  places: Pick<ColumnPlaces, "of">,
  free: number,
  { rudderStackTypes }: FitRules,
): TableChange {
  const add = new Map<string, ColumnType>();
  const widened = new Set<string>();
  for (const { names, types } of shapesOf(items)) {
    for (let at = 0; at < names.length; at++) {
      const name = places.of(names[at]!);
      const type = types[at]!;
      const column = columns.get(name);
      if (column !== undefined) {
        if (type === "float" && column.sqlType === "bigint" && !rudderStackTypes) widened.add(name);
        continue;
      }
      const added = add.get(name);
      if (added === undefined) {
        if (add.size < free) add.set(name, columnTypeOf(type));
      } else if (added === "int" && type === "float" && !rudderStackTypes) add.set(name, "float");
    }
  }
  return { add, widen: widened };
}

/** How the cells of one shape go into the columns that are written. */
interface Plan {
  /** Where each goes; `undefined` for those that go nowhere. */
  readonly slots: readonly (number | undefined)[];
  /** Whether every value of this type fits as it is, without a look. */
  readonly fits: readonly boolean[];
  /** The first slot, where all of them fit as they are and go into slots that follow each other. */
  readonly start: number | undefined;
}

/** What stands around the parts of a row, for rows of the same shapes. */
interface Frame {
  readonly shapes: readonly Shape[];
  /** The fields before each part that have no value; `undefined` where the parts cannot go in as they are. */
  readonly before: readonly string[] | undefined;
  readonly after: string;
}

function isSameShapes(shapes: readonly Shape[], parts: readonly Cells[]): boolean {
  if (shapes.length !== parts.length) return false;
  for (let at = 0; at < shapes.length; at++) if (shapes[at] !== parts[at]!.shape) return false;
  return true;
}

/** Turns rows into what the columns of one table take. What does not fit is told to `discard`. */
export class Fitter {
  /** Columns that are written, in the order of the lines. */
  readonly names: readonly string[];
  readonly #table: string;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #written: readonly Column[];
  readonly #places: Pick<ColumnPlaces, "of">;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #plans = new Map<Shape, Plan>();
  #frame: Frame | undefined;
  readonly #rules: FitRules;
  readonly #discard: (discard: ItemDiscard) => void;

  /** @param items rows that will come */
  constructor(
    table: string,
    columns: ReadonlyMap<string, Column>,
    places: Pick<ColumnPlaces, "of">,
    items: readonly Item[],
    rules: FitRules,
    discard: (discard: ItemDiscard) => void,
  ) {
    this.#table = table;
    this.#columns = columns;
    this.#places = places;
    this.#rules = rules;
    this.#discard = discard;
    const used = new Set([...shapesOf(items)].flatMap(({ names }) => names.map((name) => places.of(name))));
    this.names = [...used].filter((name) => columns.get(name)?.writable === true);
    this.#written = this.names.map((name) => (name === "id" ? asIdentity(columns.get(name)!) : columns.get(name)!));
    this.#slots = new Map(this.names.map((name, at) => [name, at]));
  }

  /** Writes the row's line. */
  line(item: Item, lines: CopyLines): void {
    if (!this.#fieldsOfParts(item, lines)) {
      const values = new Array<string | undefined>(this.names.length);
      this.#each(item, (slot, text) => {
        values[slot] ??= text;
        return values[slot] === text;
      });
      const { text, isAscii } = copyFields(values);
      lines.fields(text, isAscii);
    }
    lines.endLine();
  }

  /** The same where the parts go in one after the other, as most do; where they do not it says `false`. */
  #fieldsOfParts({ parts }: Item, lines: CopyLines): boolean {
    // Nearly every row has the shapes of the one before.
    let frame = this.#frame;
    if (frame === undefined || !isSameShapes(frame.shapes, parts)) {
      frame = this.#frameFor(parts.map(({ shape }) => shape));
      this.#frame = frame;
    }
    const { before, after } = frame;
    if (before === undefined) return false;
    for (let at = 0; at < parts.length; at++) {
      const cells = parts[at]!;
      cells.encoded ??= copyFields(cells.values);
      const { text, isAscii } = cells.encoded;
      if (before[at] !== "") lines.fields(before[at]!, true);
      if (text !== "") lines.fields(text, isAscii);
    }
    if (after !== "") lines.fields(after, true);
    return true;
  }

  #frameFor(shapes: readonly Shape[]): Frame {
    const before: string[] = [];
    let next = 0;
    for (const shape of shapes) {
      const { start, slots } = this.#planFor(shape);
      if (slots.length === 0) {
        before.push("");
        continue;
      }
      if (start === undefined || start < next) return { shapes, before: undefined, after: "" };
      before.push(`${copyNull}\t`.repeat(start - next));
      next = start + slots.length;
    }
    return { shapes, before, after: `${copyNull}\t`.repeat(this.names.length - next) };
  }

  /** The row's values as texts, by column. */
  values(item: Item): Map<string, string> {
    const values = new Map<string, string>();
    this.#each(item, (slot, text) => {
      const name = this.names[slot]!;
      const known = values.get(name);
      if (known === undefined) values.set(name, text);
      return known === undefined || known === text;
    });
    return values;
  }

  /** @param put says whether the value stands there: two full names may share a column, and the first one has it */
  #each(item: Item, put: (slot: number, text: string) => boolean): void {
    for (const { shape, values } of item.parts) {
      const { slots, fits } = this.#planFor(shape);
      for (let at = 0; at < values.length; at++) {
        const slot = slots[at];
        const value = values[at]!;
        if (slot === undefined) {
          const name = shape.names[at]!;
          this.#tell(item, name, value, this.#columns.has(this.#places.of(name)) ? "generated" : "columns");
          continue;
        }
        const text = fits[at] ? String(value) : fitted(value, shape.types[at]!, this.#written[slot]!, this.#rules);
        if (text === undefined) this.#tell(item, shape.names[at]!, value, "type");
        else if (!put(slot, text)) this.#tell(item, shape.names[at]!, value, "collision");
      }
    }
  }

  #planFor(shape: Shape): Plan {
    let plan = this.#plans.get(shape);
    if (plan === undefined) {
      const slots = shape.names.map((name) => this.#slots.get(this.#places.of(name)));
      const fits = slots.map((slot, at) => slot !== undefined && fitsAlways(shape.types[at]!, this.#written[slot]!));
      const [start] = slots;
      const isRun = fits.every(Boolean) && slots.every((slot, at) => slot === start! + at);
      plan = { slots, fits, start: isRun ? start : undefined };
      this.#plans.set(shape, plan);
    }
    return plan;
  }

  #tell({ event, id, receivedAt }: Item, column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#discard({ event, receivedAt, table: this.#table, rowId: id, column, value: String(value), reason });
  }
}

function shapesOf(items: readonly Item[]): Set<Shape> {
  const shapes = new Set<Shape>();
  let before: readonly Cells[] = [];
  for (const { parts } of items) {
    for (let at = 0; at < parts.length; at++) if (parts[at]!.shape !== before[at]?.shape) shapes.add(parts[at]!.shape);
    before = parts;
  }
  return shapes;
}

/** A row without its id would be there again after the next load: a column that cannot take an id has the server refuse the row. */
function asIdentity({ sqlType, writable }: Column): Column {
  return { type: "other", sqlType, writable };
}

function fitsAlways(type: ValueType, { type: column, range, maxLength }: Column): boolean {
  if (range !== undefined || maxLength !== undefined) return false;
  if (column === "other") return true;
  return type === column || column === "string" || (type === "int" && column === "float");
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
  if (fits === widen) fits = rudderStackTypes ? whole(value) : undefined;
  if (fits === undefined) return undefined;
  const text = typeof fits === "string" ? fits : String(fits);
  const { range, digits, least, maxLength } = column;
  if (typeof fits === "bigint" && digits !== undefined)
    return text.replace("-", "").length <= digits ? text : undefined;
  const number = Number(fits);
  if (range !== undefined && !(number >= range[0] && number <= range[1])) return undefined;
  if (least !== undefined && number !== 0 && Math.abs(number) < least) return undefined;
  if (maxLength !== undefined && text.length > maxLength && [...text].length > maxLength) return undefined;
  return text;
}

function whole(value: Scalar): number | undefined {
  // A whole number that is no int is too large for one.
  if (typeof value !== "number") return undefined;
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
