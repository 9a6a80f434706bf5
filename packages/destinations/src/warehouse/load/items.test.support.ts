import { Cells, ShapeFamily } from "../cells.ts";
import { type RowValue, typeOf } from "../types.ts";
import type { Item } from "./item.ts";
import type { Column } from "./table.ts";

const receivedAt = "2026-11-23T09:00:00.000Z";

/** A database that reserves no names. */
export const plainDialect = {
  maxNameBytes: 63,
  columns: { own: (): boolean => false, rudderStack: (): boolean => false },
};

const shapes = new ShapeFamily();

export function item(
  values: Record<string, RowValue>,
  { id = "m", at = receivedAt, event = 0 }: { id?: string; at?: string; event?: number } = {},
): Item {
  const cells = new Cells(shapes);
  for (const [name, value] of Object.entries(values)) cells.add(name, value, typeOf(value));
  return { event, id, receivedAt: at, parts: [cells] };
}

export function column(type: Column["type"], more: Partial<Column> = {}): Column {
  return { type, sqlType: type, writable: true, ...(type === "int" ? { widens: true } : {}), ...more };
}

export function columns(types: Readonly<Record<string, Column["type"]>>): Map<string, Column> {
  return new Map(Object.entries(types).map(([name, type]): [string, Column] => [name, column(type)]));
}
