import type { Column, Table } from "../warehouse/load/table.ts";
import { ownTables } from "../warehouse/names.ts";
import type { ColumnType } from "../warehouse/types.ts";
import { postgresDialect } from "./dialect.ts";
import { literal, qualified, quoted } from "./identifier.ts";
import type { Statements } from "./session.ts";

/** A table, with what only this folder has to know of it. */
export interface PostgresTable extends Table {
  readonly columns: ReadonlyMap<string, Column>;
  /** Whether `id` is the first column of an index. */
  readonly idIsIndexed: boolean;
  /** Whether no row has the `id` of another, since an index sees to it. */
  readonly idIsUnique: boolean;
}

const { maxNameBytes: longestName, maxColumns } = postgresDialect;

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  boolean: "boolean",
  int: "bigint",
  float: "numeric",
  datetime: "timestamp with time zone",
  string: "text",
  json: "jsonb",
};

/** A column that is made for a type. */
export function columnFor(type: ColumnType): Column {
  return { type, sqlType: sqlTypes[type], writable: true, ...(type === "int" ? { widens: true } : {}) };
}

/** Reads what a column of some SQL type takes. */
export function describeColumn(typname: string, typmod: number, sqlType: string, writable: boolean): Column {
  const column = (
    type: Column["type"],
    more: Pick<Column, "range" | "digits" | "least" | "maxLength" | "widens"> = {},
  ): Column => ({
    type,
    sqlType,
    writable,
    ...more,
  });
  switch (typname) {
    case "bool":
      return column("boolean");
    case "int8":
      return column("int", { widens: true });
    case "int4":
      return column("int", { range: [-(2 ** 31), 2 ** 31 - 1] });
    case "int2":
      return column("int", { range: [-(2 ** 15), 2 ** 15 - 1] });
    case "numeric": {
      if (typmod < 4) return column("float");
      const precision = (typmod - 4) >> 16;
      // Eleven bits, signed: the scale may be negative from PostgreSQL 15 on.
      const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
      const most = 10 ** (precision - scale) - 10 ** -scale;
      return column("float", { range: [-most, most], digits: precision - scale });
    }
    case "float4":
      return column("float", { range: [-3.4e38, 3.4e38], least: 2 ** -149 });
    case "float8":
      return column("float", { range: [-Number.MAX_VALUE, Number.MAX_VALUE] });
    case "timestamptz":
    case "timestamp":
    case "date":
      return column("datetime");
    case "text":
      return column("string");
    case "varchar":
    case "bpchar":
      return typmod < 4 ? column("string") : column("string", { maxLength: typmod - 4 });
    case "json":
    case "jsonb":
      return column("json");
    default:
      return column("other");
  }
}

/**
 * The tables of a schema that exist among `names`.
 *
 * @param lock those that nobody may alter or drop until the commit; they are there, else it rejects
 */
export async function readTables(
  statements: Statements,
  schema: string,
  names: readonly string[],
  lock: readonly string[],
): Promise<Map<string, PostgresTable>> {
  const locked = lock.map((name) => qualified(schema, name)).join(", ");
  // In one message. Each statement takes a new snapshot, so the tables are read after the locks are
  // held.
  const { rows } = await statements.query(
    `${lock.length === 0 ? "" : `LOCK TABLE ${locked} IN ROW EXCLUSIVE MODE; `}
SELECT c.relname::text AS table_name, c.relnatts AS used, a.attname::text AS column_name, t.typname::text, a.atttypmod,
        format_type(a.atttypid, a.atttypmod) AS sql_type, (a.attgenerated <> '' OR a.attidentity = 'a') AS computed,
        CASE WHEN octet_length(c.relname) = ${longestName} THEN obj_description(c.oid, 'pg_class') END AS table_comment,
        CASE WHEN octet_length(a.attname) = ${longestName} THEN col_description(c.oid, a.attnum) END AS column_comment,
        a.attname = 'id' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum
          AND i.indisvalid AND i.indpred IS NULL) AS indexed,
        a.attname = 'id' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indnkeyatts = 1
          AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL) AS is_unique
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type t ON t.oid = a.atttypid
      WHERE n.nspname = ${literal(schema)} AND c.relname IN (${names.map(literal).join(", ")})
        AND c.relkind IN ('r', 'p', 'v', 'f', 'm')
      ORDER BY a.attnum`,
  );
  type Open = { -readonly [Key in keyof PostgresTable]: PostgresTable[Key] } & {
    readonly columns: Map<string, Column>;
  };
  const tables = new Map<string, Open>();
  for (const row of rows) {
    const name = String(row.table_name);
    let table = tables.get(name);
    if (table === undefined) {
      const free = maxColumns - Number(row.used);
      table = { name, ...kept(row.table_comment), columns: new Map(), free, idIsIndexed: false, idIsUnique: false };
      tables.set(name, table);
    }
    if (row.column_name === null) continue;
    if (row.indexed === true) table.idIsIndexed = true;
    if (row.is_unique === true) table.idIsUnique = true;
    const column = describeColumn(
      String(row.typname),
      Number(row.atttypmod),
      String(row.sql_type),
      row.computed !== true,
    );
    table.columns.set(
      String(row.column_name),
      row.column_comment === null ? column : { ...column, ...kept(row.column_comment) },
    );
  }
  return tables;
}

/** The line in a comment that records the full name that a table or a column is kept for. */
const ownerLine = /^pintle name: (.*)$/m;

function kept(comment: unknown): Pick<Table, "owner"> {
  return typeof comment === "string" ? { owner: ownerLine.exec(comment)?.[1] } : {};
}

/**
 * Records in the database which full name a table or a column is kept for. The rest of its comment
 * stays.
 */
export async function keepFor(
  statements: Statements,
  owner: string,
  { schema, table, column }: { schema: string; table: string; column: string | undefined },
): Promise<void> {
  const path = qualified(schema, table);
  const oid = `${literal(path)}::regclass`;
  const said =
    column === undefined
      ? `obj_description(${oid}, 'pg_class')`
      : `(SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = ${oid} AND attname = ${literal(column)})`;
  const { rows } = await statements.query(`SELECT ${said} AS comment`);
  const comment = rows[0]?.comment ?? "";
  const what = column === undefined ? `TABLE ${path}` : `COLUMN ${path}.${quoted(column)}`;
  const lines = `${comment === "" ? "" : `${comment}\n`}pintle name: ${owner}`;
  await statements.run(`COMMENT ON ${what} IS ${literal(lines)}`);
}

/**
 * Whether RudderStack made the schema: one of the tables that every schema has, such as `tracks`,
 * has rows with an `id` that were loaded at `uuid_ts`, and no primary key. Pintle's have one.
 */
export async function isTakenOver(statements: Statements, schema: string): Promise<boolean> {
  const has = (column: string) =>
    `EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '${column}' AND NOT a.attisdropped)`;
  const { rowCount } = await statements.query(
    `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ${literal(schema)} AND c.relname IN (${[...ownTables].map(literal).join(", ")})
        AND c.relkind IN ('r', 'p') AND ${has("id")} AND ${has("uuid_ts")}
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) LIMIT 1`,
  );
  return rowCount !== 0;
}

/**
 * Makes the schema where it is missing. Its lock keeps every other load of it, and every change
 * that they make, away until the commit.
 */
export async function enterSchema(statements: Statements, schema: string): Promise<void> {
  // In one message, but not in one statement: that would look for the schema as it was before the
  // lock was held.
  const { rowCount } = await statements.query(
    `SELECT pg_advisory_xact_lock(hashtext('pintle'), hashtext(${literal(schema)}));
      SELECT FROM pg_namespace WHERE nspname = ${literal(schema)}`,
  );
  // Not just IF NOT EXISTS: that asks for the right to make one even where it is there.
  if (rowCount === 0) await statements.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
}

/** Makes a table; with a column `id` its rows are unique by it. */
export async function createTable(
  statements: Statements,
  schema: string,
  name: string,
  columns: ReadonlyMap<string, ColumnType>,
): Promise<PostgresTable> {
  const list = [...columns].map(
    ([column, type]) => `${quoted(column)} ${sqlTypes[type]}${column === "id" ? " PRIMARY KEY" : ""}`,
  );
  await statements.run(`CREATE TABLE ${qualified(schema, name)} (${list.join(", ")})`);
  return {
    name,
    columns: new Map([...columns].map(([column, type]) => [column, columnFor(type)])),
    free: maxColumns - columns.size,
    idIsIndexed: columns.has("id"),
    idIsUnique: columns.has("id"),
  };
}

export async function addColumns(
  statements: Statements,
  schema: string,
  name: string,
  columns: ReadonlyMap<string, ColumnType>,
): Promise<void> {
  const list = [...columns].map(([column, type]) => `ADD COLUMN ${quoted(column)} ${sqlTypes[type]}`);
  await statements.run(`ALTER TABLE ${qualified(schema, name)} ${list.join(", ")}`);
}

/** The column takes fractions from now on. Rewrites the table. */
export async function widenColumn(
  statements: Statements,
  schema: string,
  table: string,
  column: string,
): Promise<void> {
  await statements.runSlowly(`ALTER TABLE ${qualified(schema, table)} ALTER COLUMN ${quoted(column)} TYPE numeric`);
}

export async function indexIds(statements: Statements, schema: string, table: string): Promise<void> {
  await statements.runSlowly(`CREATE INDEX ON ${qualified(schema, table)} (id)`);
}
