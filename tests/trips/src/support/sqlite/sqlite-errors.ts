import type { ErrorKind, WarehouseErrors } from "@pintle/destinations/warehouse";
import { type Dead, dead, type Retry, retry } from "@pintle/kit";

/** A row of these errors is refused for what is in it. */
const refusals = /constraint failed|datatype mismatch|string or blob too big/;
const races = /no such (?:table|column)|already exists|duplicate column name/;

function kindOf(error: unknown): ErrorKind {
  const message = messageOf(error);
  if (message.startsWith("UNIQUE constraint failed")) return "repeat";
  if (refusals.test(message)) return "row";
  return races.test(message) ? "race" : "trouble";
}

export const sqliteErrors: WarehouseErrors = {
  kindOf,
  deadRow: (error): Dead => dead("row_refused", { detail: messageOf(error) }),
  trouble: (error): Retry => retry("destination", "sqlite", { detail: messageOf(error) }),
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
