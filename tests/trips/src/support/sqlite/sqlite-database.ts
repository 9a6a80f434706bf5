import initSqlJs, { type Database, type SqlJs } from "sql.js";

type Value = string | number | boolean | null;
export type SqliteRow = Readonly<Record<string, string | number | null>>;

let engine: Promise<SqlJs> | undefined;

/** A database of SQLite in memory. Each schema is a database of its own that is attached. */
export class SqliteDatabase {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  static async open(): Promise<SqliteDatabase> {
    engine ??= initSqlJs();
    return new SqliteDatabase(new (await engine).Database());
  }

  run(text: string, values: readonly Value[] = []): void {
    this.#database.run(text, values);
  }

  query(text: string, values: readonly Value[] = []): SqliteRow[] {
    const statement = this.#database.prepare(text);
    try {
      statement.bind(values);
      const rows: SqliteRow[] = [];
      while (statement.step()) rows.push(statement.getAsObject());
      return rows;
    } finally {
      statement.free();
    }
  }

  /** Runs a statement for each row of values. */
  runForEach(text: string, rows: Iterable<readonly Value[]>): void {
    const statement = this.#database.prepare(text);
    try {
      for (const row of rows) statement.run(row);
    } finally {
      statement.free();
    }
  }
}

/** A name, or a path of names, as an identifier in SQL. */
export function quoted(...path: readonly string[]): string {
  return path.map((name) => `"${name.replaceAll('"', '""')}"`).join(".");
}
