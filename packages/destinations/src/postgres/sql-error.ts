import { type Dead, dead, type Retry, retry } from "@pintle/kit";
import type { WarehouseErrors } from "../warehouse/load/warehouse.ts";
import { FencedError } from "./fenced-error.ts";

/** The SQLSTATE of an error that the server sent; `undefined` for every other error. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Whether the server refused a row for what is in it, or for what somebody else wants of rows: data
 * (22), constraints (23), limits such as an index entry's size (54), and what triggers raise (P0).
 */
export function isRefusal(error: unknown): boolean {
  return /^(22|23|54|P0)/.test(sqlState(error) ?? "");
}

/**
 * Errors after which the same transaction may succeed at once: somebody else was faster (duplicate
 * schema, table or column), or took away what we saw (undefined table, column, schema), or we were
 * chosen to give way (deadlock, serialization).
 */
const raced: ReadonlySet<string> = new Set([
  "42P06",
  "42P07",
  "42701",
  "42710",
  "42P01",
  "42703",
  "3F000",
  "40P01",
  "40001",
]);

export const uniqueViolation = "23505";

/** What the server's errors mean to a load. */
export const postgresErrors: WarehouseErrors = {
  kindOf(error) {
    const state = sqlState(error) ?? "";
    if (state === uniqueViolation) return "repeat";
    if (raced.has(state)) return "race";
    return isRefusal(error) ? "row" : "trouble";
  },
  deadRow,
  trouble,
};

/** The row of an event was refused. */
function deadRow(error: unknown): Dead {
  return dead(`row_${sqlState(error)?.toLowerCase()}`, { detail: describe(error) });
}

/** Credentials, database, permissions: errors that neither time nor another event can fix. */
const needPeople = /^(28|3D|42501)/;

/** The whole batch failed: the destination is in trouble. */
function trouble(error: unknown): Retry {
  if (error instanceof FencedError) return retry("destination", "fenced", { detail: error.message, ages: false });
  const state = sqlState(error);
  const detail = describe(error);
  if (state !== undefined) {
    return retry("destination", `sql_${state.toLowerCase()}`, {
      detail,
      ...(needPeople.test(state) ? { ages: false } : {}),
    });
  }
  const { code } = (error ?? {}) as { code?: unknown };
  const reason = typeof code === "string" ? `connection_${code.toLowerCase()}` : "connection";
  return retry("destination", reason, { detail });
}

function describe(error: unknown): string {
  const { message, table, column, constraint } = (error ?? {}) as Record<string, unknown>;
  const place = [
    typeof table === "string" ? `table ${table}` : undefined,
    typeof column === "string" ? `column ${column}` : undefined,
    typeof constraint === "string" ? `constraint ${constraint}` : undefined,
  ].filter((part) => part !== undefined);
  const text = typeof message === "string" && message !== "" ? message : String(error);
  return place.length === 0 ? text : `${text} (${place.join(", ")})`;
}
