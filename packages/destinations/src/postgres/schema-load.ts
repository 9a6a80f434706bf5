import type { Outcome } from "../kit/index.ts";
import { Cells, type ShapeFamily } from "../warehouse/cells.ts";
import { candidates, type Present, placeOf } from "../warehouse/place.ts";
import { discardsTable, type EventRows, type Row, usersTable } from "../warehouse/row.ts";
import type { UserUpdate } from "../warehouse/users.ts";
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
import type { NextLine } from "./copy-in.ts";
import { postgresDialect } from "./dialect.ts";
import { groupBy } from "./group-by.ts";
import { qualified, quoted } from "./identifier.ts";
import type { Statements } from "./session.ts";
import { singleOut } from "./single-out.ts";
import { isRefusal, refusedRow, sqlState } from "./sql-error.ts";
import { changesFor, type FitRules, Fitter, type Item, type ItemDiscard, newestOfEach } from "./table-rows.ts";
import { createUserTimes, mergeUsers, userTimesTable } from "./users-table.ts";

/** The rows of one event of a batch. */
export interface EventLoad {
  /** Index of the event in its batch. */
  readonly event: number;
  readonly schema: string;
  readonly rows: EventRows;
}

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

export interface SchemaLoadOptions {
  readonly schema: string;
  readonly rules: LoadRules;
  readonly shapes: ShapeFamily;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly memory: SchemaMemory;
  /** A unique violation may be a race that another attempt wins; if it comes again it is the row's own. */
  readonly mayRace: boolean;
}

/** What a batch puts into one schema. */
export class SchemaLoad {
  readonly #statements: Statements;
  readonly #schema: string;
  readonly #memory: SchemaMemory;
  readonly #rules: LoadRules;
  readonly #shapes: ShapeFamily;
  readonly #stamp: Cells;
  readonly #stampText: string;
  readonly #mayRace: boolean;
  readonly #discards: ItemDiscard[] = [];
  #tables = new Map<string, Table>();
  /** Where the full names of tables stand. */
  readonly #names = new Map<string, string>();
  /** Whom new tables are kept for. */
  readonly #claims = new Map<string, string>();
  #rudderStackNames = false;

  constructor(statements: Statements, { schema, memory, rules, shapes, now, mayRace }: SchemaLoadOptions) {
    this.#statements = statements;
    this.#schema = schema;
    this.#memory = memory;
    this.#rules = rules;
    this.#shapes = shapes;
    this.#mayRace = mayRace;
    this.#stampText = new Date(now()).toISOString();
    this.#stamp = new Cells(shapes);
    this.#stamp.add("uuid_ts", this.#stampText, "datetime");
  }

  async run(loads: readonly EventLoad[], dead: Map<number, Outcome>): Promise<void> {
    const tables = new Map<string, Item[]>();
    const users: Item[] = [];
    for (const { event, rows } of loads) {
      const { receivedAt } = rows;
      const item = ({ id, parts }: Row): Item => ({ event, id, receivedAt, parts: [...parts, this.#stamp] });
      for (const row of rows.rows) {
        const items = tables.get(row.table);
        if (items === undefined) tables.set(row.table, [item(row)]);
        else items.push(item(row));
      }
      if (rows.user !== undefined) users.push(item(rows.user));
      for (const discard of rows.discards) this.#discards.push({ ...discard, event, receivedAt });
    }
    const own = users.length > 0 ? [usersTable, userTimesTable, discardsTable] : [discardsTable];
    await this.#look([...[...tables.keys()].flatMap((full) => candidates(full, placeRules)), ...own]);
    const placed = this.#place(tables);
    for (const name of [...placed.keys()].sort()) await this.#loadTable(name, placed.get(name)!, dead);
    if (users.length > 0) await this.#loadUsers(users, dead);
    const discards = this.#discards.filter(({ event }) => !dead.has(event));
    if (discards.length > 0) await this.#loadDiscards(discards);
  }

  /** The items by the tables where they go: two full names may share one. */
  #place(tables: ReadonlyMap<string, Item[]>): Map<string, Item[]> {
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
    this.#discards.push({ event, receivedAt, table, rowId: id, column, value, reason: "collision" });
  }

  /** Reads the tables as they are, and sees to it that they stay so until the commit. */
  async #look(names: readonly string[]): Promise<void> {
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

  /** The table, with every column that `items` need and that it can have. */
  async #prepared(name: string, items: readonly Item[]): Promise<Prepared> {
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
    await this.#try(() => keepFor(this.#statements, what, there, owner), isForbidden);
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
    const { failed } = await this.#try(() => widenColumn(this.#statements, this.#schema, table, column), isDependedOn);
    return failed === undefined;
  }

  async #loadTable(name: string, all: readonly Item[], dead: Map<number, Outcome>): Promise<void> {
    const items = newestOfEach(all);
    const { table, places } = await this.#prepared(name, items);
    // A line may be made several times; what does not fit is told once.
    const told = new Map<string, ItemDiscard>();
    const fitter = new Fitter(name, table.columns, places, items, this.#rules, (discard) =>
      told.set(`${discard.event} ${discard.column}`, discard),
    );
    const stale = await this.#copyItems(name, table, items, fitter, dead);
    for (const discard of told.values()) if (!stale.has(discard.event)) this.#discards.push(discard);
  }

  /** Copies rows into their table. Returns the events that have a newer row there already. */
  async #copyItems(
    name: string,
    table: Table,
    items: readonly Item[],
    fitter: Fitter,
    dead: Map<number, Outcome>,
  ): Promise<ReadonlySet<number>> {
    const copy = `COPY ${qualified(this.#schema, name)} (${fitter.names.map(quoted).join(", ")}) FROM STDIN`;
    const { repeating } = this.#memory;
    if (table.idIsUnique && !repeating.has(name)) {
      // Nearly always all rows are new and good, which the server finds out in any case: one statement, and that was it.
      const failed = await this.#tryCopy(copy, linesFor(items, fitter));
      if (failed === undefined) return new Set();
      // Where one came again more will: a load that is done once more has all of them.
      if (sqlState(failed) === "23505") repeating.add(name);
    }
    const stale = new Set<number>();
    let hasRepeats = false;
    await this.#singleOut(items, dead, async (some) => {
      const { fresh, deleted } = await this.#deleteOlder(name, table, some);
      hasRepeats ||= deleted || fresh !== some;
      if (fresh !== some) {
        const loaded = new Set(fresh);
        for (const item of some) if (!loaded.has(item)) stale.add(item.event);
      }
      // Each line is made when it is sent, so that the server works on one part while the next one is made.
      if (fresh.length > 0) await this.#statements.copy(copy, linesFor(fresh, fitter));
    });
    if (!hasRepeats) repeating.delete(name);
    return stale;
  }

  /** Copies rows, or nothing at all if the server refuses one of them. Returns what it said then. */
  async #tryCopy(copy: string, lines: NextLine): Promise<unknown> {
    try {
      await this.#statements.copy(`SAVEPOINT pintle_part; ${copy}; RELEASE SAVEPOINT pintle_part`, lines);
      return undefined;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#statements.run("ROLLBACK TO SAVEPOINT pintle_part; RELEASE SAVEPOINT pintle_part");
      return error;
    }
  }

  /** Makes room for rows: deletes those with the same id that are no newer. Returns the rows that have none newer there. */
  async #deleteOlder(
    name: string,
    { columns }: Table,
    items: readonly Item[],
  ): Promise<{ fresh: readonly Item[]; deleted: boolean }> {
    const idType = columns.get("id")!.sqlType;
    const isTime = columns.get("received_at")?.type === "datetime";
    const at = isTime ? "(extract(epoch FROM max(received_at)) * 1000)::float8" : "NULL";
    const table = qualified(this.#schema, name);
    const is = `id = ANY ($1::${idType}[])`;
    const ids = items.map(({ id }) => id);
    // One look at the index for each id.
    const { rows } = await this.#statements.query(
      `SELECT id::text AS id, ${at} AS at FROM ${table} WHERE ${is} GROUP BY 1`,
      [ids],
    );
    if (rows.length === 0) return { fresh: items, deleted: false };
    const there = new Map(rows.map((row) => [String(row.id), row.at]));
    const isNewer = ({ id, receivedAt }: Item): boolean => {
      const known = there.get(id);
      return typeof known === "number" && known > Date.parse(receivedAt);
    };
    const newer = new Set(items.filter(isNewer).map(({ id }) => id));
    const older = [...there.keys()].filter((id) => !newer.has(id));
    if (older.length > 0) await this.#statements.query(`DELETE FROM ${table} WHERE ${is}`, [older]);
    const fresh = newer.size === 0 ? items : items.filter(({ id }) => !newer.has(id));
    return { fresh, deleted: older.length > 0 };
  }

  async #loadUsers(items: readonly Item[], dead: Map<number, Outcome>): Promise<void> {
    const { table, places } = await this.#prepared(usersTable, items);
    if (!this.#tables.has(userTimesTable)) await createUserTimes(this.#statements, this.#schema);
    const fitter = new Fitter(usersTable, table.columns, places, items, this.#rules, (discard) =>
      this.#discards.push(discard),
    );
    const updates = new Map(
      items.map((item): [Item, UserUpdate] => [item, { at: Date.parse(item.receivedAt), values: fitter.values(item) }]),
    );
    await this.#singleOut(items, dead, async (some) => {
      const byUser = groupBy(some, ({ id }) => id);
      const said = [...byUser].map(([id, its]): [string, UserUpdate[]] => [id, its.map((item) => updates.get(item)!)]);
      await mergeUsers(this.#statements, this.#schema, table, new Map(said));
    });
  }

  async #loadDiscards(discards: readonly ItemDiscard[]): Promise<void> {
    const items = discards.map(({ event, receivedAt, table, rowId, column, value, reason }): Item => {
      const cells = new Cells(this.#shapes);
      cells.add("table_name", this.#names.get(table) ?? table, "string");
      cells.add("row_id", rowId, "string");
      cells.add("column_name", column, "string");
      cells.add("column_value", value, "string");
      cells.add("received_at", receivedAt, "datetime");
      cells.add("uuid_ts", this.#stampText, "datetime");
      cells.add("reason", reason, "string");
      return { event, id: rowId, receivedAt, parts: [cells] };
    });
    const { table, places } = await this.#prepared(discardsTable, items);
    const fitter = new Fitter(discardsTable, table.columns, places, items, this.#rules, () => {});
    await this.#statements.copy(
      `COPY ${qualified(this.#schema, discardsTable)} (${fitter.names.map(quoted).join(", ")}) FROM STDIN`,
      linesFor(items, fitter),
    );
  }

  async #singleOut(
    items: readonly Item[],
    dead: Map<number, Outcome>,
    load: (some: readonly Item[]) => Promise<void>,
  ): Promise<void> {
    const refused = await singleOut(items, async (some) => (await this.#try(() => load(some), this.#refuses)).failed);
    for (const [{ event }, error] of refused) dead.set(event, refusedRow(error));
  }

  readonly #refuses = (error: unknown): boolean => isRefusal(error) && !(this.#mayRace && sqlState(error) === "23505");

  /** Runs `work` so that it can be undone alone. An error that is `expected` is returned, any other is thrown. */
  async #try(work: () => Promise<void>, expected: (error: unknown) => boolean): Promise<{ failed: unknown }> {
    await this.#statements.run("SAVEPOINT pintle_part");
    try {
      await work();
    } catch (error) {
      if (!expected(error)) throw error;
      await this.#statements.run("ROLLBACK TO SAVEPOINT pintle_part; RELEASE SAVEPOINT pintle_part");
      return { failed: error };
    }
    await this.#statements.run("RELEASE SAVEPOINT pintle_part");
    return { failed: undefined };
  }
}

/** A table, and where the full names of its columns stand. */
interface Prepared {
  readonly table: Table;
  readonly places: ColumnPlaces;
}

const placeRules = { maxNameBytes: postgresDialect.maxNameBytes, reserved: postgresDialect.tables };

function isForbidden(error: unknown): boolean {
  return sqlState(error) === "42501";
}

/** A view, a rule, a generated column or a missing right stands in the way of altering a column. */
function isDependedOn(error: unknown): boolean {
  return /^(0A000|42501|2BP01)$/.test(sqlState(error) ?? "");
}

function linesFor(items: readonly Item[], fitter: Fitter): NextLine {
  let at = 0;
  return (lines) => {
    const item = items[at++];
    if (item === undefined) return false;
    fitter.line(item, lines);
    return true;
  };
}
