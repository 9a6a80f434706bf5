import type { Dialect } from "../warehouse/dialect.ts";
import { isReservedByRudderStack, reservedWords, systemColumns } from "./reserved-words.ts";

export const postgresDialect: Dialect = {
  name: "POSTGRES",
  // NAMEDATALEN - 1, as it is compiled in everywhere. A longer name is cut by the server without an
  // error.
  maxNameBytes: 63,
  // MaxHeapAttributeNumber. Columns that were dropped count.
  maxColumns: 1600,
  columns: {
    own: (name) => reservedWords.has(name) || systemColumns.has(name),
    // No table can have a second column with the name of one of the system's own.
    rudderStack: (name) => isReservedByRudderStack(name) || systemColumns.has(name),
  },
  tables: { own: (name) => reservedWords.has(name), rudderStack: isReservedByRudderStack },
  isReservedSchema: (name) => reservedWords.has(name) || name.startsWith("pg_"),
};
