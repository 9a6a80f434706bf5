import type { Table } from "../warehouse/load/table.ts";
import type { RowValue } from "../warehouse/types.ts";
import { mergeUser, type UserState, type UserUpdate } from "../warehouse/users.ts";
import { linesOf } from "./copy-in.ts";
import { qualified, quoted } from "./identifier.ts";
import type { Statements } from "./session.ts";

/**
 * The table with the times of values older than their row. No name made from an event's contains
 * `$`.
 */
export const userTimesTable = "pintle$users";

export async function createUserTimes(statements: Statements, schema: string): Promise<void> {
  await statements.run(
    `CREATE TABLE IF NOT EXISTS ${qualified(schema, userTimesTable)} (id text PRIMARY KEY, times jsonb NOT NULL)`,
  );
}

/** Merges what events say about users into their rows: reads them, and writes them anew. */
export async function mergeUsers(
  statements: Statements,
  schema: string,
  { columns }: Pick<Table, "columns">,
  updates: ReadonlyMap<string, readonly UserUpdate[]>,
): Promise<void> {
  const ids = [...updates.keys()];
  const known = await readUsers(statements, schema, columns, ids);
  const table = qualified(schema, "users");
  const times = qualified(schema, userTimesTable);
  if (known.size > 0) {
    await statements.query(`DELETE FROM ${table} WHERE id = ANY ($1)`, [ids]);
    await statements.query(`DELETE FROM ${times} WHERE id = ANY ($1)`, [ids]);
  }
  const names = [...columns].filter(([, { writable }]) => writable).map(([name]) => name);
  const rows: (RowValue | undefined)[][] = [];
  const ages: string[][] = [];
  for (const [id, said] of updates) {
    const merged = mergeUser(known.get(id), said);
    rows.push(names.map((name) => merged.values.get(name)));
    if (merged.times.size > 0) ages.push([id, JSON.stringify(Object.fromEntries(merged.times))]);
  }
  await statements.copy(`COPY ${table} (${names.map(quoted).join(", ")}) FROM STDIN`, linesOf(rows));
  if (ages.length > 0) await statements.copy(`COPY ${times} (id, times) FROM STDIN`, linesOf(ages));
}

async function readUsers(
  statements: Statements,
  schema: string,
  columns: Table["columns"],
  ids: readonly string[],
): Promise<Map<string, UserState>> {
  const list = [...columns.keys()].map((name) => `u.${quoted(name)}::text`);
  const isTime = columns.get("received_at")?.type === "datetime";
  const at = isTime ? "(extract(epoch FROM u.received_at) * 1000)::float8" : "NULL";
  const { rows } = await statements.query(
    `SELECT ARRAY[${list.join(", ")}]::text[] AS fields, u.id::text AS id, ${at} AS at, t.times
      FROM ${qualified(schema, "users")} u LEFT JOIN ${qualified(schema, userTimesTable)} t ON t.id = u.id::text
      WHERE u.id = ANY ($1) ORDER BY 3 NULLS FIRST`,
    [ids],
  );
  const users = new Map<string, UserState>();
  const names = [...columns.keys()];
  for (const { fields, id, at, times } of rows) {
    const values = new Map<string, string>();
    (fields as (string | null)[]).forEach((value, index) => {
      if (value !== null) values.set(names[index]!, value);
    });
    const state: UserState = {
      values,
      at: typeof at === "number" ? at : undefined,
      times: new Map(Object.entries((times ?? {}) as Record<string, number>)),
    };
    // A table that somebody else filled may have the same user more than once: the rows become one,
    // the newest over the others.
    const before = users.get(String(id));
    users.set(String(id), before === undefined ? state : overlaid(before, state));
  }
  return users;
}

function overlaid(older: UserState, newer: UserState): UserState {
  const at = newer.at ?? older.at ?? 0;
  return mergeUser(older, [{ at, values: newer.values }]);
}
