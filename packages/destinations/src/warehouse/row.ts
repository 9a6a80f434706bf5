import type { Cells } from "./cells.ts";

/** A row for one table. Its columns are in parts, since the rows of an event share most of them. */
export interface Row {
  /** A full name, as those of the columns are. */
  readonly table: string;
  readonly id: string;
  readonly parts: readonly Cells[];
}

/** A value that has no place in its row. */
export interface Discard {
  /** A full name. */
  readonly table: string;
  readonly rowId: string;
  readonly column: string;
  readonly value: string;
  readonly reason: "type" | "name" | "collision" | "columns" | "generated";
}

/** Everything that an event puts into the warehouse. */
export interface EventRows {
  readonly receivedAt: string;
  /** Rows that are unique by id. */
  readonly rows: readonly Row[];
  /** What the event says about its user: the row of `users` is merged from all of them. */
  readonly user: Row | undefined;
  readonly discards: readonly Discard[];
}

/** The event has this many columns, which is too many. */
export interface TooWide {
  readonly columns: number;
}

export const usersTable = "users";
export const discardsTable = "rudder_discards";
