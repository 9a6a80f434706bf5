/*
 * What another type of warehouse is made of: a `Dialect`, a `Warehouse`, and a
 * `WarehouseConnection` over both. docs/warehouse.md describes the port.
 */
export type { Dialect, ReservedWords } from "./dialect.ts";
export { WarehouseConnection, type WarehouseConnectionOptions } from "./load/connection.ts";
export type { Fitter, Layout } from "./load/fitter.ts";
export type { Item } from "./load/item.ts";
export { namespaceOf, type WarehouseSettings, warehouseShape } from "./load/settings.ts";
export type { Column, Table } from "./load/table.ts";
export type {
  ErrorKind,
  Put,
  RefusedRow,
  Warehouse,
  WarehouseErrors,
  WarehouseSchema,
  WarehouseTransaction,
} from "./load/warehouse.ts";
export { ownTables } from "./names.ts";
export type { ColumnType, RowValue, ValueType } from "./types.ts";
export { mergeUser, type UserState, type UserUpdate } from "./users.ts";
