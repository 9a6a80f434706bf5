import type { Dialect } from "../dialect.ts";
import { candidates, type Present, placeOf } from "../place.ts";
import { ColumnPlaces } from "./column-places.ts";
import type { FitRules } from "./fitted.ts";
import type { Item, ItemDiscard } from "./item.ts";
import type { Table } from "./table.ts";
import { changesFor } from "./table-change.ts";
import type { WarehouseSchema } from "./warehouse.ts";

export interface LoadRules extends FitRules {
  /** Whether new names escape what RudderStack escapes; `undefined`: where it made the schema. */
  readonly rudderStackNames: boolean | undefined;
}

/** A table, and where the full names of its columns stand. */
export interface Prepared {
  readonly table: Table;
  readonly places: ColumnPlaces;
}

/**
 * The tables of a schema during one load: the places of full names, and the tables and columns that
 * the rows still need.
 */
export class SchemaTables {
  readonly #schema: WarehouseSchema;
  readonly #dialect: Dialect;
  readonly #rules: LoadRules;
  readonly #discard: (discard: ItemDiscard) => void;
  #tables = new Map<string, Table>();
  /** Where the full names of tables stand. */
  readonly #names = new Map<string, string>();
  /** The owners of new tables, by table. */
  readonly #claims = new Map<string, string>();
  #rudderStackNames = false;

  constructor(
    schema: WarehouseSchema,
    { dialect, rules }: { dialect: Dialect; rules: LoadRules },
    discard: (discard: ItemDiscard) => void,
  ) {
    this.#schema = schema;
    this.#dialect = dialect;
    this.#rules = rules;
    this.#discard = discard;
  }

  /** The place of a table; a name that was not placed is its own place. */
  nameOf(full: string): string {
    return this.#names.get(full) ?? full;
  }

  /**
   * Reads the tables as they are, and sees to it that they stay so until the commit.
   *
   * @param full full names that will be placed
   * @param own names as they are in the database
   */
  async look(full: readonly string[], own: readonly string[]): Promise<void> {
    const { maxNameBytes, tables: reserved } = this.#dialect;
    this.#rudderStackNames = this.#rules.rudderStackNames ?? (await this.#schema.isTakenOver());
    const places = full.flatMap((name) => candidates(name, { maxNameBytes, reserved }));
    this.#tables = await this.#schema.tables([...places, ...own]);
  }

  /** The items by the tables where they go: two full names may share one. */
  place(tables: ReadonlyMap<string, Item[]>): Map<string, Item[]> {
    const { maxNameBytes, tables: reserved } = this.#dialect;
    const rules = { maxNameBytes, reserved, rudderStackNames: this.#rudderStackNames };
    const given = new Map<string, Present>();
    const placed = new Map<string, Item[]>();
    for (const [full, items] of tables) {
      const there = (name: string): Present | undefined => given.get(name) ?? this.#tables.get(name);
      const { name, claim, isSecond } = placeOf(full, there, rules);
      this.#names.set(full, name);
      given.set(name, { owner: claim ?? there(name)?.owner });
      if (claim !== undefined) this.#claims.set(name, claim);
      if (isSecond && !this.#tables.has(name)) this.#tell(items[0]!, full, "event", full);
      const known = placed.get(name);
      placed.set(name, known === undefined ? items : [...known, ...items]);
    }
    return placed;
  }

  /** Reports, once, a name that had to move to another place. */
  #tell({ event, id, receivedAt }: Item, table: string, column: string, value: string): void {
    this.#discard({ event, receivedAt, table, rowId: id, column, value, reason: "collision" });
  }

  /** The table, with every column that `items` need and that it can have. */
  async prepared(name: string, items: readonly Item[]): Promise<Prepared> {
    const found = this.#tables.get(name);
    const places = new ColumnPlaces(found?.columns ?? new Map(), this.#dialect, this.#rudderStackNames);
    const table = await (found === undefined ? this.#made(name, items, places) : this.#altered(found, items, places));
    this.#tables.set(name, table);
    const claim = this.#claims.get(name);
    if (claim !== undefined) await this.#schema.keepFor(claim, table);
    for (const { full, name: column, claim, isSecond } of places.claims()) {
      if (!table.columns.has(column)) continue;
      await this.#schema.keepFor(claim, table, column);
      if (isSecond && found?.columns.has(column) !== true) this.#tellColumn(name, full, items);
    }
    return { table, places };
  }

  #made(name: string, items: readonly Item[], places: ColumnPlaces): Promise<Table> {
    const { add } = changesFor(items, new Map(), places, this.#dialect.maxColumns, this.#rules);
    return this.#schema.createTable(name, add);
  }

  async #altered(found: Table, items: readonly Item[], places: ColumnPlaces): Promise<Table> {
    const { add, widen } = changesFor(items, found.columns, places, found.free, this.#rules);
    let table = found;
    if (add.size > 0) table = await this.#schema.addColumns(table, add);
    // If it cannot be widened, its fractions are discarded.
    for (const column of widen) table = (await this.#schema.widen(table, column)) ?? table;
    return table;
  }

  #tellColumn(table: string, full: string, items: readonly Item[]): void {
    for (const item of items) {
      const part = item.parts.find(({ shape }) => shape.has(full));
      if (part === undefined) continue;
      this.#tell(item, table, full, String(part.values[part.names.indexOf(full)]));
      return;
    }
  }
}
