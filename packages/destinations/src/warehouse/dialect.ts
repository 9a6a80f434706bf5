/** The facts about a database that are known without asking it. */
export interface Dialect {
  /** The value of `context_destination_type`. */
  readonly name: string;
  /** Longest name of a schema, table or column, in bytes. Names are ASCII. */
  readonly maxNameBytes: number;
  /** Columns that a table can have. */
  readonly maxColumns: number;
  /** Words that cannot name a column without a `_` before them. */
  readonly columns: ReservedWords;
  readonly tables: ReservedWords;
  readonly isReservedSchema: (name: string) => boolean;
}

/**
 * Two lists that differ in a few words: a schema that RudderStack made has tables and columns by
 * its own.
 */
export interface ReservedWords {
  /** Whether the database reserves the name. */
  readonly own: (name: string) => boolean;
  /** Whether RudderStack escapes the name. */
  readonly rudderStack: (name: string) => boolean;
}
