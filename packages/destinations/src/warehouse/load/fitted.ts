import { fit, type RowValue, type ValueType, widen } from "../types.ts";
import type { Column } from "./table.ts";

export interface FitRules {
  /** Fractions that meet whole numbers are cut off. */
  readonly rudderStackTypes: boolean;
}

/** The value as the column takes it; `undefined` when it does not fit. */
export function fitted(
  value: RowValue,
  type: ValueType,
  column: Column,
  { rudderStackTypes }: FitRules,
): RowValue | undefined {
  if (column.type === "other") return String(value);
  let fits = fit(value, type, column.type);
  if (fits === widen) fits = rudderStackTypes ? whole(value) : undefined;
  if (fits === undefined) return undefined;
  const { range, digits, least, maxLength } = column;
  if (typeof fits === "bigint" && digits !== undefined)
    return String(fits).replace("-", "").length <= digits ? fits : undefined;
  const number = Number(fits);
  if (range !== undefined && !(number >= range[0] && number <= range[1])) return undefined;
  if (least !== undefined && number !== 0 && Math.abs(number) < least) return undefined;
  if (maxLength !== undefined && typeof fits === "string" && fits.length > maxLength && [...fits].length > maxLength)
    return undefined;
  return fits;
}

/** How a value goes in: as it is, or as its text. */
export type Way = "value" | "text";

/** How every value of a type goes into a column; `undefined` where that depends on the value. */
export function wayInto(type: ValueType, { type: column, range, maxLength }: Column): Way | undefined {
  if (range !== undefined || maxLength !== undefined) return undefined;
  if (type === column || (type === "int" && column === "float")) return "value";
  return column === "other" || column === "string" ? "text" : undefined;
}

function whole(value: RowValue): number | undefined {
  // A whole number that is no int is too large for one.
  if (typeof value !== "number") return undefined;
  const cut = Math.trunc(value);
  return Math.abs(cut) < 2 ** 63 ? cut : undefined;
}
