/** What the pure part, from event to rows, has to know of a database. */
export interface Dialect {
  /** As `context_destination_type` says it. */
  readonly name: string;
  /** Longest name of a schema, table or column, in bytes. Names are ASCII. */
  readonly maxNameBytes: number;
  /** Words that cannot name a column without a `_` before them. */
  readonly isReservedColumn: (name: string) => boolean;
  readonly isReservedTable: (name: string) => boolean;
  readonly isReservedSchema: (name: string) => boolean;
}
