import {
  type Column,
  type ColumnType,
  type Fitter,
  type Item,
  mergeUser,
  ownTables,
  type Put,
  type RefusedRow,
  type RowValue,
  type Table,
  type UserState,
  type UserUpdate,
  type WarehouseSchema,
} from "@pintle/destinations/warehouse";
import { quoted, type SqliteDatabase } from "./sqlite-database.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteErrors } from "./sqlite-errors.ts";

/**
 * SQLite takes any word for a type, and what it stores goes by syllables of it: `INT`, `TEXT`,
 * `REAL`.
 */
const sqlTypes: Readonly<Record<ColumnType, string>> = {
  boolean: "BOOLEAN_INT",
  int: "INTEGER",
  float: "REAL",
  datetime: "DATETIME_TEXT",
  string: "TEXT",
  json: "JSON_TEXT",
};
const columnTypes = new Map(Object.entries(sqlTypes).map(([type, sql]) => [sql, type as ColumnType]));

/** Where the full names stand that were cut, and the times of what is older than its user's row. */
const namesTable = "pintle$names";
const userTimesTable = "pintle$users";

/** A schema of SQLite: a database that is attached. */
export class SqliteSchema implements WarehouseSchema {
  readonly #database: SqliteDatabase;
  readonly #schema: string;

  constructor(database: SqliteDatabase, schema: string) {
    this.#database = database;
    this.#schema = schema;
    database.run(`CREATE TABLE IF NOT EXISTS ${this.#path(namesTable)} (tbl TEXT, col TEXT, owner TEXT)`);
    database.run(`CREATE TABLE IF NOT EXISTS ${this.#path(userTimesTable)} (id TEXT PRIMARY KEY, times TEXT)`);
  }

  async isTakenOver(): Promise<boolean> {
    return [...ownTables].some((name) => {
      const columns = this.#columnsOf(name);
      const has = (column: string): boolean => columns.some((one) => one.name === column);
      return has("id") && has("uuid_ts") && columns.every(({ pk }) => pk === 0);
    });
  }

  async tables(names: readonly string[]): Promise<Map<string, Table>> {
    const tables = new Map<string, Table>();
    for (const name of names) {
      const table = this.#table(name);
      if (table.columns.size > 0) tables.set(name, table);
    }
    return tables;
  }

  async createTable(name: string, columns: ReadonlyMap<string, ColumnType>): Promise<Table> {
    const list = [...columns].map(
      ([column, type]) => `${quoted(column)} ${sqlTypes[type]}${column === "id" ? " PRIMARY KEY" : ""}`,
    );
    this.#database.run(`CREATE TABLE ${this.#path(name)} (${list.join(", ")})`);
    return this.#table(name);
  }

  async addColumns({ name }: Table, columns: ReadonlyMap<string, ColumnType>): Promise<Table> {
    for (const [column, type] of columns)
      this.#database.run(`ALTER TABLE ${this.#path(name)} ADD COLUMN ${quoted(column)} ${sqlTypes[type]}`);
    return this.#table(name);
  }

  /** A column keeps its type: another one takes its values and its name. */
  async widen({ name }: Table, column: string): Promise<Table | undefined> {
    const table = this.#path(name);
    const wide = quoted(`${column}$wide`);
    const failed = this.#part(
      () => {
        this.#database.run(`ALTER TABLE ${table} ADD COLUMN ${wide} ${sqlTypes.float}`);
        this.#database.run(`UPDATE ${table} SET ${wide} = ${quoted(column)}`);
        this.#database.run(`ALTER TABLE ${table} DROP COLUMN ${quoted(column)}`);
        this.#database.run(`ALTER TABLE ${table} RENAME COLUMN ${wide} TO ${quoted(column)}`);
      },
      () => true,
    );
    return failed === undefined ? this.#table(name) : undefined;
  }

  async keepFor(owner: string, { name }: Table, column = ""): Promise<void> {
    this.#database.run(`INSERT INTO ${this.#path(namesTable)} VALUES (?, ?, ?)`, [name, column, owner]);
  }

  async put({ name }: Table, items: readonly Item[], fitter: Fitter): Promise<Put> {
    const stale = new Set<number>();
    const refusal = this.#refusalOf(() => {
      const there = this.#database.query(
        `SELECT id, max(received_at) AS at FROM ${this.#path(name)}
          WHERE id IN (SELECT value FROM json_each(?)) GROUP BY id`,
        [JSON.stringify(items.map(({ id }) => id))],
      );
      const known = new Map(there.map(({ id, at }) => [String(id), Date.parse(String(at))]));
      const fresh = items.filter(({ id, receivedAt, event }) => {
        if (!((known.get(id) ?? Number.NaN) > Date.parse(receivedAt))) return true;
        stale.add(event);
        return false;
      });
      this.#delete(
        name,
        fresh.map(({ id }) => id),
      );
      this.#insert(name, fresh, fitter);
    });
    return refusal ?? { stale };
  }

  async putUsers(
    { name, columns }: Table,
    updates: ReadonlyMap<string, readonly UserUpdate[]>,
  ): Promise<RefusedRow | undefined> {
    return this.#refusalOf(() => {
      const ids = [...updates.keys()];
      const known = this.#users(name, ids);
      this.#delete(name, ids);
      this.#delete(userTimesTable, ids);
      for (const [id, said] of updates) {
        const { values, times } = mergeUser(known.get(id), said);
        this.#insertValues(name, [...columns.keys()], [[...columns.keys()].map((column) => values.get(column))]);
        if (times.size > 0)
          this.#insertValues(userTimesTable, ["id", "times"], [[id, JSON.stringify(Object.fromEntries(times))]]);
      }
    });
  }

  async append({ name }: Table, items: readonly Item[], fitter: Fitter): Promise<void> {
    this.#insert(name, items, fitter);
  }

  #users(name: string, ids: readonly string[]): Map<string, UserState> {
    const rows = this.#database.query(
      `SELECT u.*, t.times AS "times$" FROM ${this.#path(name)} u LEFT JOIN ${this.#path(userTimesTable)} t ON t.id = u.id
        WHERE u.id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(ids)],
    );
    return new Map(
      rows.map(({ times$, ...row }): [string, UserState] => {
        const values = Object.entries(row).filter((entry): entry is [string, string | number] => entry[1] !== null);
        const at = row.received_at === null ? undefined : Date.parse(String(row.received_at));
        const times = new Map(Object.entries(JSON.parse(String(times$ ?? "{}")) as Record<string, number>));
        return [String(row.id), { values: new Map(values), at, times }];
      }),
    );
  }

  #insert(name: string, items: readonly Item[], fitter: Fitter): void {
    this.#insertValues(
      name,
      fitter.names,
      items.map((item) => fitter.values(item)),
    );
  }

  #insertValues(name: string, columns: readonly string[], rows: readonly (readonly (RowValue | undefined)[])[]): void {
    const list = columns.map((column) => quoted(column)).join(", ");
    const marks = columns.map(() => "?").join(", ");
    const values = rows.map((row) => row.map((value) => (typeof value === "bigint" ? String(value) : (value ?? null))));
    this.#database.runForEach(`INSERT INTO ${this.#path(name)} (${list}) VALUES (${marks})`, values);
  }

  #delete(name: string, ids: readonly string[]): void {
    this.#database.run(`DELETE FROM ${this.#path(name)} WHERE id IN (SELECT value FROM json_each(?))`, [
      JSON.stringify(ids),
    ]);
  }

  #refusalOf(work: () => void): RefusedRow | undefined {
    const refused = this.#part(work, (error) => /row|repeat/.test(sqliteErrors.kindOf(error)));
    return refused === undefined ? undefined : { refused };
  }

  /** All of the work, or nothing of it: then the error, where it is expected. */
  #part(work: () => void, isExpected: (error: unknown) => boolean): unknown {
    this.#database.run("SAVEPOINT part");
    try {
      work();
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#database.run("ROLLBACK TO part; RELEASE part");
      return error;
    }
    this.#database.run("RELEASE part");
    return undefined;
  }

  #table(name: string): Table {
    const owners = this.#database.query(`SELECT col, owner FROM ${this.#path(namesTable)} WHERE tbl = ?`, [name]);
    const ownerOf = (column: string): { owner?: string } => {
      const found = owners.find(({ col }) => col === column);
      return found === undefined ? {} : { owner: String(found.owner) };
    };
    const columns = this.#columnsOf(name).map(({ name: column, type: sqlType }): [string, Column] => {
      const type = columnTypes.get(sqlType) ?? "other";
      return [column, { type, sqlType, writable: true, widens: type === "int", ...ownerOf(column) }];
    });
    return { name, columns: new Map(columns), free: sqliteDialect.maxColumns - columns.length, ...ownerOf("") };
  }

  #columnsOf(name: string): { name: string; type: string; pk: number }[] {
    return this.#database
      .query("SELECT name, upper(type) AS type, pk FROM pragma_table_info(?, ?)", [name, this.#schema])
      .map(({ name, type, pk }) => ({ name: String(name), type: String(type), pk: Number(pk) }));
  }

  #path(name: string): string {
    return quoted(this.#schema, name);
  }
}
