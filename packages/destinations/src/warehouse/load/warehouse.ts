import type { Dead, Place, PlacedPosition, Position, Retry } from "@pintle/kit";
import type { Dialect } from "../dialect.ts";
import type { ColumnType } from "../types.ts";
import type { UserUpdate } from "../users.ts";
import type { Fitter } from "./fitter.ts";
import type { Item } from "./item.ts";
import type { Table } from "./table.ts";

/*
 * The port between the general load and one database. The load decides the result of a batch: rows,
 * names, types, discards, users, which row is newest, which event is dead. The database decides how
 * a table is read, made and filled. docs/warehouse.md describes it.
 */

/** A database that events are loaded into. */
export interface Warehouse {
  readonly dialect: Dialect;
  readonly errors: WarehouseErrors;
  /** The position of the destination, as stored in the database; see `Connection.position`. */
  position(place: Place, otherwise: Position, anew: Position): Promise<Position>;
  /**
   * Runs the work of one batch, and commits it together with `positions`: both or neither. The
   * positions are moved first, so that a process that was fenced does nothing at all. One
   * transaction runs at a time.
   *
   * When this rejects, whether it was committed is known only if `work` had not resolved: then it
   * was not.
   */
  transaction(
    positions: readonly PlacedPosition[],
    work: (transaction: WarehouseTransaction) => Promise<void>,
  ): Promise<void>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/** A transaction that is open. Each call is awaited before the next. */
export interface WarehouseTransaction {
  /**
   * Makes the schema if it is missing, and locks out every other load of it until the commit. All
   * schemas of a batch are entered first, in the order of their names, so that two loads never
   * deadlock.
   */
  enter(schema: string): Promise<WarehouseSchema>;
}

/** A schema of tables, in a transaction that is open. */
export interface WarehouseSchema {
  /** Whether RudderStack made it, and so its names escape what RudderStack escapes. */
  isTakenOver(): Promise<boolean>;
  /**
   * Reads those of the tables that exist, by name. What is read stays so until the commit, but for
   * what this load changes.
   */
  tables(names: readonly string[]): Promise<Map<string, Table>>;
  /** Makes a table; with a column `id` its rows are unique by it. */
  createTable(name: string, columns: ReadonlyMap<string, ColumnType>): Promise<Table>;
  /** Adds columns to a table. Resolves with the table that it is then. */
  addColumns(table: Table, columns: ReadonlyMap<string, ColumnType>): Promise<Table>;
  /**
   * Widens a column of whole numbers to take fractions. Resolves with the table, or `undefined` if
   * that is impossible.
   */
  widen(table: Table, column: string): Promise<Table | undefined>;
  /**
   * Remembers beside a table, or beside one of its columns, which full name it is kept for: `owner`
   * of what `tables` reads. Where the right to do so is missing nothing happens, and names that are
   * cut alike share what they find.
   */
  keepFor(owner: string, table: Table, column?: string): Promise<void>;
  /**
   * Puts rows with an `id` in, each id once in `items`: a row that is there gives way, unless its
   * `received_at` is newer. Either all of them go in, or none.
   */
  put(table: Table, items: readonly Item[], fitter: Fitter): Promise<Put>;
  /**
   * Merges what events say of users into their rows, by id, as `mergeUser` says. Either all of it
   * goes in, or nothing.
   */
  putUsers(table: Table, updates: ReadonlyMap<string, readonly UserUpdate[]>): Promise<RefusedRow | undefined>;
  /** Adds rows that have no `id`. */
  append(table: Table, items: readonly Item[], fitter: Fitter): Promise<void>;
}

/**
 * The rows of these events had a newer one there already, and are not loaded; or all rows are
 * refused.
 */
export type Put = { readonly stale: ReadonlySet<number> } | RefusedRow;

/** The database refuses one of the rows, and has taken none. The transaction goes on. */
export interface RefusedRow {
  readonly refused: unknown;
}

/**
 * - `row`: the database refuses a row for what is in it.
 * - `repeat`: it says that a row is there already which was not. Somebody else was faster; if it
 *   happens again, the row is refused.
 * - `race`: what others did made the transaction fail; it may succeed at once.
 * - `trouble`: everything else. The whole batch waits.
 */
export type ErrorKind = "row" | "repeat" | "race" | "trouble";

/** The meaning of a database's errors. Pure. */
export interface WarehouseErrors {
  kindOf(error: unknown): ErrorKind;
  /** The outcome of an event whose row was refused. */
  deadRow(error: unknown): Dead;
  /** The outcome of every event of a batch that failed. */
  trouble(error: unknown): Retry;
}
