import { type ColumnType, columnTypeOf } from "../types.ts";
import type { ColumnPlaces } from "./column-places.ts";
import type { FitRules } from "./fitted.ts";
import { shapesOf } from "./fitter.ts";
import type { Item } from "./item.ts";
import type { Column } from "./table.ts";

/** What a table needs before it can take some rows. */
export interface TableChange {
  readonly add: Map<string, ColumnType>;
  readonly widen: Set<string>;
}

/**
 * The changes that a table needs to take `items`: columns that it lacks, in the order and with the
 * type in which they are first seen, and columns of whole numbers that meet a fraction.
 *
 * @param free columns that it can still get
 */
export function changesFor(
  items: readonly Item[],
  columns: ReadonlyMap<string, Column>,
  places: Pick<ColumnPlaces, "of">,
  free: number,
  { rudderStackTypes }: FitRules,
): TableChange {
  const add = new Map<string, ColumnType>();
  const widened = new Set<string>();
  for (const { names, types } of shapesOf(items)) {
    for (let at = 0; at < names.length; at++) {
      const name = places.of(names[at]!);
      const type = types[at]!;
      const column = columns.get(name);
      if (column !== undefined) {
        if (type === "float" && column.widens === true && !rudderStackTypes) widened.add(name);
        continue;
      }
      const added = add.get(name);
      if (added === undefined) {
        if (add.size < free) add.set(name, columnTypeOf(type));
      } else if (added === "int" && type === "float" && !rudderStackTypes) add.set(name, "float");
    }
  }
  return { add, widen: widened };
}
