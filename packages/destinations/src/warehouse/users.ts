import type { RowValue } from "./types.ts";

/** What the warehouse knows about a user: the latest value of each column, and from when it is. */
export interface UserState {
  /** Columns that are not null, as the database gives and takes them. */
  readonly values: ReadonlyMap<string, RowValue>;
  /** The `received_at` of the row, milliseconds since the epoch; `undefined` when it has none. */
  readonly at: number | undefined;
  /** The times of the columns that are older than the row, milliseconds since the epoch. */
  readonly times: ReadonlyMap<string, number>;
}

/** What one event says about a user. */
export interface UserUpdate {
  /** The row's `received_at`, milliseconds since the epoch. */
  readonly at: number;
  readonly values: ReadonlyMap<string, RowValue>;
}

/**
 * Merges updates into what is known: each column has the latest value by `at`, whatever the order
 * in which the updates come, also over several merges. Of equal times the one that comes last wins.
 */
export function mergeUser(known: UserState | undefined, updates: Iterable<UserUpdate>): UserState {
  const values = new Map(known?.values);
  const at = new Map<string, number>();
  let latest = known?.at ?? Number.NEGATIVE_INFINITY;
  // A row that others made has one time for all its columns, and one without any is older than
  // everything.
  for (const column of values.keys()) at.set(column, known?.times.get(column) ?? latest);
  for (const update of updates) {
    latest = Math.max(latest, update.at);
    for (const [column, value] of update.values) {
      if (update.at < (at.get(column) ?? Number.NEGATIVE_INFINITY)) continue;
      values.set(column, value);
      at.set(column, update.at);
    }
  }
  const times = new Map<string, number>();
  for (const [column, time] of at) if (time < latest && time !== Number.NEGATIVE_INFINITY) times.set(column, time);
  return { values, at: latest === Number.NEGATIVE_INFINITY ? undefined : latest, times };
}
