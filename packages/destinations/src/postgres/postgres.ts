import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type DestinationType, defineDestination } from "@pintle/kit";
import { WarehouseConnection } from "../warehouse/load/connection.ts";
import { namespaceOf } from "../warehouse/load/settings.ts";
import { connectOptions } from "./connect-options.ts";
import { postgresDialect } from "./dialect.ts";
import { loadPg } from "./pg-driver.ts";
import { PostgresWarehouse } from "./postgres-warehouse.ts";
import { ProgressTable } from "./progress-table.ts";
import { Session } from "./session.ts";
import { type PostgresSettings, settings } from "./settings.ts";
import { tryPostgres } from "./trial.ts";

const displayName = "Postgres";

/** Where progress stands when every source has a schema of its own. */
const commonSchema = "pintle";

/**
 * Loads events into tables of PostgreSQL: rows and position in one transaction, so that each event
 * is loaded exactly once. docs/warehouse.md specifies all of it.
 */
export const postgres: DestinationType<PostgresSettings> = defineDestination<PostgresSettings>({
  type: "postgres",
  displayName,
  names: ["POSTGRES"],
  description: "Loads events into tables of a PostgreSQL database, each event exactly once",
  settings,
  batch: { events: 2500, bytes: 4 << 20, whole: true },
  transactional: true,
  trial: tryPostgres,
  async open(values, tools) {
    const connect = await loadPg();
    const ca = values.ca === undefined ? undefined : await readFile(resolve(tools.directory, values.ca), "utf8");
    const options = connectOptions({ ...values, ca });
    const session = new Session({ client: () => connect(options), timeout: values.timeout });
    const schema = namespaceOf(values, postgresDialect) ?? commonSchema;
    const progress = new ProgressTable(schema, tools.destinationId ?? "postgres", randomUUID());
    const warehouse = new PostgresWarehouse(session, progress);
    return new WarehouseConnection({ warehouse, settings: values, tools, displayName });
  },
});
