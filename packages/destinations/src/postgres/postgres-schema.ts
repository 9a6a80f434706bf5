import type { Fitter } from "../warehouse/load/fitter.ts";
import type { Item } from "../warehouse/load/item.ts";
import type { Table } from "../warehouse/load/table.ts";
import type { Put, RefusedRow, WarehouseSchema } from "../warehouse/load/warehouse.ts";
import { usersTable } from "../warehouse/row.ts";
import type { ColumnType } from "../warehouse/types.ts";
import type { UserUpdate } from "../warehouse/users.ts";
import {
  addColumns,
  columnFor,
  createTable,
  indexIds,
  isTakenOver,
  keepFor,
  type PostgresTable,
  readTables,
  widenColumn,
} from "./catalog.ts";
import { copyRows } from "./copy-rows.ts";
import { qualified, quoted } from "./identifier.ts";
import { tryCopy, tryPart } from "./savepoint.ts";
import type { Statements } from "./session.ts";
import { isRefusal, sqlState, uniqueViolation } from "./sql-error.ts";
import { createUserTimes, mergeUsers, userTimesTable } from "./users-table.ts";

/**
 * The knowledge about a schema kept from earlier loads. It makes loads faster, and does no harm
 * when it is out of date.
 */
export interface SchemaMemory {
  /** Tables that were there: what is locked before it is read. */
  readonly known: Set<string>;
  /** Tables into which rows came that they had already. */
  readonly repeating: Set<string>;
  /** Whether RudderStack made the schema; `undefined` as long as nobody has looked. */
  isTakenOver: boolean | undefined;
}

/** Tables of PostgreSQL, in a transaction that has locked their schema. */
export class PostgresSchema implements WarehouseSchema {
  readonly #statements: Statements;
  readonly #schema: string;
  readonly #memory: SchemaMemory;
  #tables = new Map<string, PostgresTable>();
  #hasUserTimes = false;

  constructor(statements: Statements, schema: string, memory: SchemaMemory) {
    this.#statements = statements;
    this.#schema = schema;
    this.#memory = memory;
  }

  async isTakenOver(): Promise<boolean> {
    this.#memory.isTakenOver ??= await isTakenOver(this.#statements, this.#schema);
    return this.#memory.isTakenOver;
  }

  async tables(names: readonly string[]): Promise<Map<string, Table>> {
    const all = names.includes(usersTable) ? [...names, userTimesTable] : names;
    const { known } = this.#memory;
    const read = (lock: readonly string[]) => readTables(this.#statements, this.#schema, all, lock);
    this.#tables = await read(all.filter((name) => known.has(name)));
    const unlocked = [...this.#tables.keys()].filter((name) => !known.has(name));
    if (unlocked.length > 0) {
      this.#tables = await read(unlocked);
      for (const name of this.#tables.keys()) known.add(name);
    }
    this.#hasUserTimes = this.#tables.delete(userTimesTable);
    return new Map(this.#tables);
  }

  async createTable(name: string, columns: ReadonlyMap<string, ColumnType>): Promise<Table> {
    return this.#are(await createTable(this.#statements, this.#schema, name, columns));
  }

  async addColumns({ name }: Table, columns: ReadonlyMap<string, ColumnType>): Promise<Table> {
    await addColumns(this.#statements, this.#schema, name, columns);
    const table = this.#tables.get(name)!;
    const added = [...columns].map(([column, type]) => [column, columnFor(type)] as const);
    return this.#are({
      ...table,
      columns: new Map([...table.columns, ...added]),
      free: table.free - columns.size,
    });
  }

  async widen({ name }: Table, column: string): Promise<Table | undefined> {
    const widen = () => widenColumn(this.#statements, this.#schema, name, column);
    const { failed } = await tryPart(this.#statements, widen, isDependedOn);
    if (failed !== undefined) return undefined;
    const table = this.#tables.get(name)!;
    return this.#are({ ...table, columns: new Map([...table.columns, [column, columnFor("float")]]) });
  }

  async keepFor(owner: string, { name: table }: Table, column?: string): Promise<void> {
    const keep = () => keepFor(this.#statements, owner, { schema: this.#schema, table, column });
    await tryPart(this.#statements, keep, isForbidden);
  }

  async put({ name }: Table, items: readonly Item[], fitter: Fitter): Promise<Put> {
    const table = await this.#withIndex(name);
    const { repeating } = this.#memory;
    if (table.idIsUnique && !repeating.has(name)) {
      // Nearly always all rows are new and good, which the server finds out in any case: one
      // statement, and that was it.
      const refused = await tryCopy(this.#statements, this.#copyInto(name, fitter), copyRows(items, fitter));
      if (refused === undefined) return { stale: new Set() };
      if (sqlState(refused) !== uniqueViolation) return { refused };
      // Where one row was repeated, more will be: a load that is repeated has all of them.
      repeating.add(name);
    }
    let stale: ReadonlySet<number> = new Set();
    const { failed: refused } = await tryPart(
      this.#statements,
      async () => {
        const { fresh, deleted } = await this.#deleteOlder(table, items);
        if (fresh.length > 0) await this.#statements.copy(this.#copyInto(name, fitter), copyRows(fresh, fitter));
        if (fresh !== items) {
          const loaded = new Set(fresh);
          stale = new Set(items.filter((item) => !loaded.has(item)).map(({ event }) => event));
        }
        if (!deleted && fresh === items) repeating.delete(name);
      },
      isRefusal,
    );
    return refused === undefined ? { stale } : { refused };
  }

  async putUsers(
    { name }: Table,
    updates: ReadonlyMap<string, readonly UserUpdate[]>,
  ): Promise<RefusedRow | undefined> {
    const table = await this.#withIndex(name);
    if (!this.#hasUserTimes) await createUserTimes(this.#statements, this.#schema);
    this.#hasUserTimes = true;
    const merge = () => mergeUsers(this.#statements, this.#schema, table, updates);
    const { failed: refused } = await tryPart(this.#statements, merge, isRefusal);
    return refused === undefined ? undefined : { refused };
  }

  async append({ name }: Table, items: readonly Item[], fitter: Fitter): Promise<void> {
    await this.#statements.copy(this.#copyInto(name, fitter), copyRows(items, fitter));
  }

  /** The table as it is from now on. */
  #are(table: PostgresTable): PostgresTable {
    this.#tables.set(table.name, table);
    return table;
  }

  #copyInto(name: string, { names }: Fitter): string {
    return `COPY ${qualified(this.#schema, name)} (${names.map(quoted).join(", ")}) FROM STDIN`;
  }

  /** Every load looks for rows by `id`: one index is made where there is none. */
  async #withIndex(name: string): Promise<PostgresTable> {
    const table = this.#tables.get(name)!;
    if (table.idIsIndexed || !table.columns.has("id")) return table;
    await indexIds(this.#statements, this.#schema, name);
    return this.#are({ ...table, idIsIndexed: true });
  }

  /**
   * Makes room for rows: deletes those with the same id that are no newer. Returns the rows that
   * have none newer there.
   */
  async #deleteOlder(
    { name, columns }: PostgresTable,
    items: readonly Item[],
  ): Promise<{ fresh: readonly Item[]; deleted: boolean }> {
    const idType = columns.get("id")!.sqlType;
    const isTime = columns.get("received_at")?.type === "datetime";
    const at = isTime ? "(extract(epoch FROM max(received_at)) * 1000)::float8" : "NULL";
    const table = qualified(this.#schema, name);
    const is = `id = ANY ($1::${idType}[])`;
    const ids = items.map(({ id }) => id);
    // One index look-up for each id.
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
}

function isForbidden(error: unknown): boolean {
  return sqlState(error) === "42501";
}

/** A view, a rule, a generated column or a missing right stands in the way of altering a column. */
function isDependedOn(error: unknown): boolean {
  return /^(0A000|42501|2BP01)$/.test(sqlState(error) ?? "");
}
