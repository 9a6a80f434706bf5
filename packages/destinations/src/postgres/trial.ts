import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Trial, TrialTools } from "@pintle/kit";
import { connectOptions } from "./connect-options.ts";
import { loadPg } from "./pg-driver.ts";
import { Session } from "./session.ts";
import type { PostgresSettings } from "./settings.ts";

/**
 * Tables in a schema of its own, which is dropped: rows in the real ones would stay, and a column
 * that was added would, too.
 */
export async function tryPostgres(
  settings: PostgresSettings,
  { directory, word }: TrialTools,
): Promise<Trial<PostgresSettings>> {
  const connect = await loadPg();
  const ca = settings.ca === undefined ? undefined : await readFile(resolve(directory, settings.ca), "utf8");
  const options = connectOptions({ ...settings, ca });
  const { host, database = "" } = options;
  return {
    writes: `rows in a schema of its own, ${word}, in the database ${database} at ${host}, which is dropped with its tables`,
    settings: { ...settings, namespace: word },
    async remove() {
      const session = new Session({ client: () => connect(options), timeout: settings.timeout });
      try {
        await session.transaction((statements) => statements.run(`DROP SCHEMA IF EXISTS "${word}" CASCADE`));
      } finally {
        await session.close();
      }
    },
  };
}
