import { WarehouseConnection, warehouseShape } from "@pintle/destinations/warehouse";
import { z } from "@pintle/kit";
import type { Postgres } from "./postgres.ts";
import { SqliteDatabase } from "./sqlite/sqlite-database.ts";
import { sqliteDialect } from "./sqlite/sqlite-dialect.ts";
import { SqliteWarehouse } from "./sqlite/sqlite-warehouse.ts";
import { TestWarehouse, testTools } from "./test-warehouse.ts";

/** A column's type in the words of the schema, whatever the database calls it. */
export type SchemaType = "boolean" | "int" | "float" | "datetime" | "string" | "json";

/**
 * A database that a warehouse loads, as somebody sees it who asks by SQL. Everything is in the
 * schema `shop`.
 */
export interface LoadedDatabase {
  /** A destination over it, with a connection of its own. */
  open(settings?: Record<string, unknown>): Promise<TestWarehouse>;
  /** Runs SQL that every database understands. */
  query(text: string): Promise<Record<string, unknown>[]>;
  /** The columns of a table; empty where there is none. */
  columns(table: string): Promise<Record<string, SchemaType>>;
}

/**
 * Rows of a table without what is NULL, and with values as the events had them; times as
 * milliseconds. Without `uuid_ts`.
 */
export async function rowsIn(database: LoadedDatabase, table: string): Promise<Record<string, unknown>[]> {
  const types = Object.entries(await database.columns(table)).filter(([name]) => name !== "uuid_ts");
  const rows = await database.query(`SELECT * FROM shop."${table}"`);
  const plain = rows.map((row) => {
    const there = types.filter(([name]) => row[name] !== null);
    return Object.fromEntries(there.map(([name, type]) => [name, readers[type](row[name])]));
  });
  return plain.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

const readers: Readonly<Record<SchemaType, (value: unknown) => unknown>> = {
  boolean: Boolean,
  int: Number,
  float: Number,
  datetime: (value) => (value instanceof Date ? value.getTime() : Date.parse(String(value))),
  string: String,
  json: (value) => (typeof value === "string" ? JSON.parse(value) : value),
};

const postgresTypes: Readonly<Record<string, SchemaType>> = {
  boolean: "boolean",
  bigint: "int",
  numeric: "float",
  "timestamp with time zone": "datetime",
  text: "string",
  jsonb: "json",
};

/** A new database of a server of PostgreSQL. */
export async function loadedPostgres(server: Postgres): Promise<LoadedDatabase> {
  const database = await server.database();
  return {
    open: (settings) => TestWarehouse.open(database.url, settings),
    query: (text) => database.query(text),
    async columns(table) {
      const types = Object.entries(await database.columns("shop", table));
      return Object.fromEntries(types.map(([name, type]) => [name, postgresTypes[type]!]));
    },
  };
}

const sqliteTypes: Readonly<Record<string, SchemaType>> = {
  BOOLEAN_INT: "boolean",
  INTEGER: "int",
  REAL: "float",
  DATETIME_TEXT: "datetime",
  TEXT: "string",
  JSON_TEXT: "json",
};

/** A new database of SQLite. */
export async function loadedSqlite(): Promise<LoadedDatabase> {
  const database = await SqliteDatabase.open();
  const shape = z.strictObject(warehouseShape(sqliteDialect));
  return {
    open(settings = {}) {
      const warehouse = new SqliteWarehouse(database);
      const parsed = shape.parse({ namespace: "shop", ...settings });
      const values = { namespace: undefined, rudderStackNames: undefined, ...parsed };
      return TestWarehouse.over(
        new WarehouseConnection({ warehouse, settings: values, tools: testTools, displayName: "SQLite" }),
      );
    },
    query: async (text) => database.query(text),
    async columns(table) {
      const rows = database.query("SELECT name, upper(type) AS type FROM pragma_table_info(?, 'shop')", [table]);
      return Object.fromEntries(rows.map(({ name, type }) => [String(name), sqliteTypes[String(type)]!]));
    },
  };
}
