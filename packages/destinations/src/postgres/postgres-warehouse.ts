import type { Place, PlacedPosition, Position } from "@pintle/kit";
import type { Dialect } from "../warehouse/dialect.ts";
import type { Warehouse, WarehouseErrors, WarehouseTransaction } from "../warehouse/load/warehouse.ts";
import { enterSchema } from "./catalog.ts";
import { postgresDialect } from "./dialect.ts";
import { PostgresSchema, type SchemaMemory } from "./postgres-schema.ts";
import type { ProgressTable } from "./progress-table.ts";
import type { Session } from "./session.ts";
import { postgresErrors } from "./sql-error.ts";

/** A database of PostgreSQL, over one connection. */
export class PostgresWarehouse implements Warehouse {
  readonly dialect: Dialect = postgresDialect;
  readonly errors: WarehouseErrors = postgresErrors;
  readonly #session: Session;
  readonly #progress: ProgressTable;
  readonly #memories = new Map<string, SchemaMemory>();

  constructor(session: Session, progress: ProgressTable) {
    this.#session = session;
    this.#progress = progress;
  }

  position(place: Place, otherwise: Position, anew: Position): Promise<Position> {
    return this.#session.transaction(async (statements) => {
      await enterSchema(statements, this.#progress.schema);
      await this.#progress.create(statements);
      return await this.#progress.read(statements, place, otherwise, anew);
    });
  }

  async transaction(
    positions: readonly PlacedPosition[],
    work: (transaction: WarehouseTransaction) => Promise<void>,
  ): Promise<void> {
    try {
      await this.#session.transaction(async (statements) => {
        for (const position of positions) await this.#progress.move(statements, position);
        await work({
          enter: async (schema) => {
            await enterSchema(statements, schema);
            return new PostgresSchema(statements, schema, this.#memoryOf(schema));
          },
        });
      });
    } catch (error) {
      const kind = postgresErrors.kindOf(error);
      // What is remembered may be what went wrong.
      if (kind === "race" || kind === "repeat") this.#memories.clear();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #memoryOf(schema: string): SchemaMemory {
    let memory = this.#memories.get(schema);
    if (memory === undefined) {
      memory = { known: new Set(), repeating: new Set(), isTakenOver: undefined };
      this.#memories.set(schema, memory);
    }
    return memory;
  }
}
