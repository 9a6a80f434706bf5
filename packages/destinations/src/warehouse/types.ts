import { parseTimestamp, readTime } from "@pintle/events";

/** The types that a column can have, before a database gives them names. */
export type ColumnType = "boolean" | "int" | "float" | "datetime" | "string" | "json";

/**
 * The types that a value can have. An array is JSON text, which most columns take for a text and
 * JSON columns as what it is.
 */
export type ValueType = ColumnType | "array";

/**
 * A value that is in a row: JSON and arrays are their text. A `bigint` is a whole number beyond
 * 2^53.
 */
export type RowValue = string | number | bigint | boolean;

/** Whole numbers from -2^63 to this one, exclusive, fit 64 bits. */
const pastInt = 2 ** 63;

/** The type of a value that is neither null nor an object. */
export function typeOf(value: RowValue): ColumnType {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number")
    return Number.isInteger(value) && value >= -pastInt && value < pastInt ? "int" : "float";
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? "int" : "float";
  return isDateTime(value) ? "datetime" : "string";
}

const dateTime =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$/;

/**
 * Whether a text is a date, or a date with a time, in the strict form of ISO 8601 and in the
 * calendar, of the years 1 to 9999, in UTC.
 */
export function isDateTime(text: string): boolean {
  // Nearly every text is none, and shows it here.
  if (text.length < 10 || text.length > 35 || text.charCodeAt(4) !== 0x2d) return false;
  const parts = dateTime.exec(text);
  if (parts === null) return false;
  const year = Number(parts[1]);
  const month = Number(parts[2]);
  const day = Number(parts[3]);
  if (!(year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return false;
  // At its ends an offset leads out of what the gateway reads.
  return (year > 1 && year < 9999) || parseTimestamp(text) !== undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The type of a column that is made for a value. */
export function columnTypeOf(type: ValueType): ColumnType {
  return type === "array" ? "string" : type;
}

/** What a value of one type is in a column of another. */
export type Fit =
  /** The value that goes in. */
  | RowValue
  /** Fits once the column is a float: the database may widen it. */
  | typeof widen
  /** Does not fit. */
  | undefined;

export const widen: unique symbol = Symbol("widen");

/**
 * Fits a value to a column: anything into string, int into float, everything into json, a text that
 * can be read as a time into datetime, and otherwise only its own type.
 */
export function fit(value: RowValue, type: ValueType, column: ColumnType): Fit {
  if (type === column) return value;
  switch (column) {
    case "datetime":
      // Looser than what makes a column of times: whatever the gateway reads as a time can be
      // stored as one.
      return type === "string" ? readTime(value)?.text : undefined;
    case "string":
      return String(value);
    case "json":
      return type === "array" ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value);
    case "float":
      return type === "int" ? value : undefined;
    case "int":
      return type === "float" ? widen : undefined;
    default:
      return undefined;
  }
}
