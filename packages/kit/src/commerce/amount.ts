import type { Note } from "../adjustment.ts";
import { at, type Fields } from "../field/usable.ts";

/** The number in a number or a numeric text; `undefined`, and a note, for anything else. */
export function amountAt(fields: Fields, key: string, note: Note | undefined): number | undefined {
  const value = at(fields, key);
  if (value === undefined || value === null || value === "") return undefined;
  const amount = numberOf(value);
  if (amount === undefined) note?.("invalid_value", key);
  return amount;
}

function numberOf(value: unknown): number | undefined {
  const isNumeric = typeof value === "string" && /^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
  if (typeof value !== "number" && typeof value !== "bigint" && !isNumeric) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Rounds away binary floating-point error: 3 times 0.1 is 0.3. */
export function rounded(amount: number): number {
  return Number(amount.toPrecision(12));
}
