import type { Dialect, Warehouse, WarehouseErrors, WarehouseTransaction } from "@pintle/destinations/warehouse";
import type { Place, PlacedPosition, Position } from "@pintle/kit";
import { quoted, type SqliteDatabase } from "./sqlite-database.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteErrors } from "./sqlite-errors.ts";
import { SqliteSchema } from "./sqlite-schema.ts";

/**
 * A second database behind the port, which shows that the port is enough: SQLite has no COPY, no
 * `ALTER COLUMN ... TYPE`, no comments and no types of its own for times and booleans.
 */
export class SqliteWarehouse implements Warehouse {
  readonly dialect: Dialect = sqliteDialect;
  readonly errors: WarehouseErrors = sqliteErrors;
  readonly #database: SqliteDatabase;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#database.run(
      `CREATE TABLE IF NOT EXISTS main.pintle$progress (topic TEXT, "partition" INTEGER, log TEXT, position TEXT,
        PRIMARY KEY (topic, "partition"))`,
    );
  }

  async position({ topic, partition, log }: Place, otherwise: Position, anew: Position): Promise<Position> {
    await this.#last;
    const found = this.#database.query(
      'SELECT log, position FROM main.pintle$progress WHERE topic = ? AND "partition" = ?',
      [topic, partition],
    )[0];
    if (found?.log === log) return JSON.parse(String(found.position)) as Position;
    const position = found === undefined ? anew : otherwise;
    this.#database.run("INSERT OR REPLACE INTO main.pintle$progress VALUES (?, ?, ?, ?)", [
      ...[topic, partition, log],
      JSON.stringify(position),
    ]);
    return position;
  }

  transaction(
    positions: readonly PlacedPosition[],
    work: (transaction: WarehouseTransaction) => Promise<void>,
  ): Promise<void> {
    const turn = this.#last.then(() => this.#transaction(positions, work));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    await this.#last;
  }

  async #transaction(
    positions: readonly PlacedPosition[],
    work: (transaction: WarehouseTransaction) => Promise<void>,
  ): Promise<void> {
    this.#database.run("BEGIN IMMEDIATE");
    try {
      for (const position of positions) this.#move(position);
      await work({ enter: async (schema) => this.#enter(schema) });
      this.#database.run("COMMIT");
    } catch (error) {
      this.#database.run("ROLLBACK");
      throw error;
    }
  }

  #move({ place: { topic, partition, log }, from, position }: PlacedPosition): void {
    const moved = this.#database.query(
      `UPDATE main.pintle$progress SET position = ?
        WHERE topic = ? AND "partition" = ? AND log = ? AND position = ? RETURNING 1`,
      [JSON.stringify(position), topic, partition, log, JSON.stringify(from)],
    );
    if (moved.length === 0) throw new Error(`the progress of ${topic} is not where this batch begins`);
  }

  #enter(schema: string): SqliteSchema {
    const there = this.#database.query("PRAGMA database_list").some(({ name }) => name === schema);
    if (!there) this.#database.run(`ATTACH ':memory:' AS ${quoted(schema)}`);
    return new SqliteSchema(this.#database, schema);
  }
}
