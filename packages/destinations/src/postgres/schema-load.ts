import type { Outcome } from "@pintle/kit";
import { Cells, type ShapeFamily } from "../warehouse/cells.ts";
import { discardsTable, type EventRows, type Row, usersTable } from "../warehouse/row.ts";
import type { UserUpdate } from "../warehouse/users.ts";
import type { Table } from "./catalog.ts";
import type { NextLine } from "./copy-in.ts";
import { groupBy } from "./group-by.ts";
import { qualified, quoted } from "./identifier.ts";
import { tryCopy, tryPart } from "./savepoint.ts";
import { type LoadRules, type SchemaMemory, SchemaTables } from "./schema-tables.ts";
import type { Statements } from "./session.ts";
import { singleOut } from "./single-out.ts";
import { isRefusal, refusedRow, sqlState } from "./sql-error.ts";
import { Fitter, type Item, type ItemDiscard, newestOfEach } from "./table-rows.ts";
import { createUserTimes, mergeUsers, userTimesTable } from "./users-table.ts";

/** The rows of one event of a batch. */
export interface EventLoad {
  /** Index of the event in its batch. */
  readonly event: number;
  readonly schema: string;
  readonly rows: EventRows;
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
  readonly #tables: SchemaTables;

  constructor(statements: Statements, { schema, memory, rules, shapes, now, mayRace }: SchemaLoadOptions) {
    this.#statements = statements;
    this.#schema = schema;
    this.#memory = memory;
    this.#rules = rules;
    this.#shapes = shapes;
    this.#mayRace = mayRace;
    this.#tables = new SchemaTables(statements, { schema, memory, rules }, (discard) => this.#discards.push(discard));
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
    await this.#tables.look([...tables.keys()], own);
    const placed = this.#tables.place(tables);
    for (const name of [...placed.keys()].sort()) await this.#loadTable(name, placed.get(name)!, dead);
    if (users.length > 0) await this.#loadUsers(users, dead);
    const discards = this.#discards.filter(({ event }) => !dead.has(event));
    if (discards.length > 0) await this.#loadDiscards(discards);
  }

  async #loadTable(name: string, all: readonly Item[], dead: Map<number, Outcome>): Promise<void> {
    const items = newestOfEach(all);
    const { table, places } = await this.#tables.prepared(name, items);
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
      const failed = await tryCopy(this.#statements, copy, linesFor(items, fitter));
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
    const { table, places } = await this.#tables.prepared(usersTable, items);
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
      cells.add("table_name", this.#tables.nameOf(table), "string");
      cells.add("row_id", rowId, "string");
      cells.add("column_name", column, "string");
      cells.add("column_value", value, "string");
      cells.add("received_at", receivedAt, "datetime");
      cells.add("uuid_ts", this.#stampText, "datetime");
      cells.add("reason", reason, "string");
      return { event, id: rowId, receivedAt, parts: [cells] };
    });
    const { table, places } = await this.#tables.prepared(discardsTable, items);
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
    const failure = async (some: readonly Item[]): Promise<unknown> =>
      (await tryPart(this.#statements, () => load(some), this.#refuses)).failed;
    const refused = await singleOut(items, failure);
    for (const [{ event }, error] of refused) dead.set(event, refusedRow(error));
  }

  readonly #refuses = (error: unknown): boolean => isRefusal(error) && !(this.#mayRace && sqlState(error) === "23505");
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
