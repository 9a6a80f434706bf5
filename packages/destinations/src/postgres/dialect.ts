import type { Dialect } from "../warehouse/dialect.ts";
import { reservedWords, systemColumns } from "./reserved-words.ts";

export const postgresDialect: Dialect = {
  name: "POSTGRES",
  // NAMEDATALEN - 1, as it is compiled in everywhere. A longer name is cut by the server without an error.
  maxNameBytes: 63,
  isReservedColumn: (name) => reservedWords.has(name) || systemColumns.has(name),
  isReservedTable: (name) => reservedWords.has(name),
  isReservedSchema: (name) => reservedWords.has(name) || name.startsWith("pg_"),
};
