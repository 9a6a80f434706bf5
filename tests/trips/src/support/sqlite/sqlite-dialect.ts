import type { Dialect } from "@pintle/destinations/warehouse";

const noColumns = { own: (): boolean => false, rudderStack: (): boolean => false };
const isSqlites = (name: string): boolean => name.startsWith("sqlite_");

export const sqliteDialect: Dialect = {
  name: "SQLITE",
  maxNameBytes: 127,
  maxColumns: 2000,
  columns: noColumns,
  tables: { own: isSqlites, rudderStack: isSqlites },
  isReservedSchema: (name) => name === "main" || name === "temp",
};
