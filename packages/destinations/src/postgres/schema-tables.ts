import { candidates, type Present, placeOf } from "../warehouse/place.ts";
import {
  addColumns,
  type Column,
  columnFor,
  createTable,
  indexIds,
  isTakenOver,
  keepFor,
  mostColumns,
  readTables,
  type Table,
  widenColumn,
} from "./catalog.ts";
import { ColumnPlaces } from "./column-places.ts";
import { postgresDialect } from "./dialect.ts";
import { qualified, quoted } from "./identifier.ts";
import { tryPart } from "./savepoint.ts";
import type { Statements } from "./session.ts";
import { sqlState } from "./sql-error.ts";
import { changesFor, type FitRules, type Item, type ItemDiscard } from "./table-rows.ts";

/** What loads know of a schema from the loads before them. It makes them faster; nothing goes wrong when it is not so any more. */
export interface SchemaMemory {
  /** Tables that were there: what is locked before it is read. */
  readonly known: Set<string>;
  /** Tables into which rows came that they had already. */
  readonly repeating: Set<string>;
  /** Whether RudderStack made the schema; `undefined` as long as nobody has looked. */
  isTakenOver: boolean | undefined;
}

export interface LoadRules extends FitRules {
  /** Whether new names escape what RudderStack escapes; `undefined`: where it made the schema. */
  readonly rudderStackNames: boolean | undefined;
}

/** A table, and where the full names of its columns stand. */
export interface Prepared {
  readonly table: Table;
  readonly places: ColumnPlaces;
}

const placeRules = { maxNameBytes: postgresDialect.maxNameBytes, reserved: postgresDialect.tables };

/** The tables of a schema during one load: where full names stand, and what the rows need that is missing. */
export class SchemaTables {
  readonly #statements: Statements;
  readonly #schema: string;
  readonly #memory: SchemaMemory;
  readonly #rules: LoadRules;
  readonly #discard: (discard: ItemDiscard) => void;
  #tables = new Map<string, Table>();
  /** Where the full names of tables stand. */
  readonly #names = new Map<string, string>();
  /** Whom new tables are kept for. */
  readonly #claims = new Map<string, string>();
  #rudderStackNames = false;

  constructor(
    statements: Statements,
    { schema, memory, rules }: { schema: string; memory: SchemaMemory; rules: LoadRules },
    discard: (discard: ItemDiscard) => void,
  ) {
    this.#statements = statements;
    this.#schema = schema;
    this.#memory = memory;
    this.#rules = rules;
    this.#discard = discard;
  }

  has(name: string): boolean {
    return this.#tables.has(name);
  }

  /** Where a table stands; a name that was not placed stands under itself. */
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
    const names = [...full.flatMap((name) => candidates(name, placeRules)), ...own];
    const { known } = this.#memory;
    this.#rudderStackNames = this.#rules.rudderStackNames ?? (await this.#isTakenOver());
    const read = (lock: readonly string[]) => readTables(this.#statements, this.#schema, names, lock);
    this.#tables = await read(names.filter((name) => known.has(name)));
    const unlocked = [...this.#tables.keys()].filter((name) => !known.has(name));
    if (unlocked.length === 0) return;
    this.#tables = await read(unlocked);
    for (const name of this.#tables.keys()) known.add(name);
  }

  async #isTakenOver(): Promise<boolean> {
    this.#memory.isTakenOver ??= await isTakenOver(this.#statements, this.#schema);
    return this.#memory.isTakenOver;
  }

  /** The items by the tables where they go: two full names may share one. */
  place(tables: ReadonlyMap<string, Item[]>): Map<string, Item[]> {
    const rules = { ...placeRules, rudderStackNames: this.#rudderStackNames };
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

  /** A name is told once that has to stand elsewhere than where it belongs. */
  #tell({ event, id, receivedAt }: Item, table: string, column: string, value: string): void {
    this.#discard({ event, receivedAt, table, rowId: id, column, value, reason: "collision" });
  }

  /** The table, with every column that `items` need and that it can have. */
  async prepared(name: string, items: readonly Item[]): Promise<Prepared> {
    const found = this.#tables.get(name);
    const places = new ColumnPlaces(found?.columns ?? new Map(), this.#rudderStackNames);
    const table =
      found === undefined ? await this.#made(name, items, places) : await this.#altered(name, found, items, places);
    const claim = this.#claims.get(name);
    if (claim !== undefined) await this.#keepFor(`TABLE ${qualified(this.#schema, name)}`, table, claim);
    for (const { full, name: column, claim, isSecond } of places.claims()) {
      const there = table.columns.get(column);
      if (there === undefined) continue;
      await this.#keepFor(`COLUMN ${qualified(this.#schema, name)}.${quoted(column)}`, there, claim);
      if (isSecond && found?.columns.has(column) !== true) this.#tellColumn(name, full, items);
    }
    return { table, places };
  }

  async #made(name: string, items: readonly Item[], places: ColumnPlaces): Promise<Table> {
    const { add } = changesFor(items, new Map(), places, mostColumns, this.#rules);
    const table = await createTable(this.#statements, this.#schema, name, add);
    this.#tables.set(name, table);
    return table;
  }

  async #altered(name: string, found: Table, items: readonly Item[], places: ColumnPlaces): Promise<Table> {
    const { add, widen } = changesFor(items, found.columns, places, found.free, this.#rules);
    const columns: Map<string, Column> = new Map(found.columns);
    if (add.size > 0) {
      await addColumns(this.#statements, this.#schema, name, add);
      for (const [column, type] of add) columns.set(column, columnFor(type));
    }
    for (const column of widen) if (await this.#widened(name, column)) columns.set(column, columnFor("float"));
    if (!found.idIsIndexed && columns.has("id")) await indexIds(this.#statements, this.#schema, name);
    const table = { ...found, columns, free: found.free - add.size, idIsIndexed: true };
    this.#tables.set(name, table);
    return table;
  }

  /** Whoever may not say so has to live with it that two names share what they find. */
  async #keepFor(what: string, there: Pick<Table, "comment">, owner: string): Promise<void> {
    await tryPart(this.#statements, () => keepFor(this.#statements, what, there, owner), isForbidden);
  }

  #tellColumn(table: string, full: string, items: readonly Item[]): void {
    for (const item of items) {
      const part = item.parts.find(({ shape }) => shape.has(full));
      if (part === undefined) continue;
      this.#tell(item, table, full, String(part.values[part.names.indexOf(full)]));
      return;
    }
  }

  /** Whether the column could be widened: a view may depend on it. Then its fractions are discarded. */
  async #widened(table: string, column: string): Promise<boolean> {
    const widen = () => widenColumn(this.#statements, this.#schema, table, column);
    const { failed } = await tryPart(this.#statements, widen, isDependedOn);
    return failed === undefined;
  }
}

function isForbidden(error: unknown): boolean {
  return sqlState(error) === "42501";
}

/** A view, a rule, a generated column or a missing right stands in the way of altering a column. */
function isDependedOn(error: unknown): boolean {
  return /^(0A000|42501|2BP01)$/.test(sqlState(error) ?? "");
}
