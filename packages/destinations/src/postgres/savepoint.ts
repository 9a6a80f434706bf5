import type { NextLine } from "./copy-in.ts";
import type { Statements } from "./session.ts";
import { isRefusal } from "./sql-error.ts";

/**
 * Runs `work` so that it can be undone alone, in the middle of a transaction. An error that is
 * `expected` is returned, when what was done is undone; any other is thrown.
 */
export async function tryPart(
  statements: Statements,
  work: () => Promise<void>,
  expected: (error: unknown) => boolean,
): Promise<{ failed: unknown }> {
  await statements.run("SAVEPOINT pintle_part");
  try {
    await work();
  } catch (error) {
    if (!expected(error)) throw error;
    await statements.run("ROLLBACK TO SAVEPOINT pintle_part; RELEASE SAVEPOINT pintle_part");
    return { failed: error };
  }
  await statements.run("RELEASE SAVEPOINT pintle_part");
  return { failed: undefined };
}

/** Copies rows, or nothing at all if the server refuses one of them. Returns what it said then. */
export async function tryCopy(statements: Statements, copy: string, lines: NextLine): Promise<unknown> {
  try {
    // In one message, which is quicker.
    await statements.copy(`SAVEPOINT pintle_part; ${copy}; RELEASE SAVEPOINT pintle_part`, lines);
    return undefined;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await statements.run("ROLLBACK TO SAVEPOINT pintle_part; RELEASE SAVEPOINT pintle_part");
    return error;
  }
}
