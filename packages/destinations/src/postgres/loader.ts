import type { Commit, Outcome } from "../kit/index.ts";
import { enterSchema } from "./catalog.ts";
import { groupBy } from "./group-by.ts";
import type { ProgressTable } from "./progress-table.ts";
import { type EventLoad, SchemaLoad, type SchemaLoadOptions, type SchemaMemory } from "./schema-load.ts";
import type { Session, Statements } from "./session.ts";
import { isRace } from "./sql-error.ts";

/** The events of a batch, by what they have become. */
export interface LoaderBatch {
  readonly loads: readonly EventLoad[];
  /** Events that have no rows, by their index in the batch. */
  readonly unfit: ReadonlyMap<number, Outcome>;
}

export interface LoaderOptions extends Pick<SchemaLoadOptions, "rules" | "shapes" | "now"> {
  readonly session: Session;
  readonly progress: ProgressTable;
}

/** A transaction that others made fail is tried this often. */
const mostRaces = 5;

/** Loads batches: rows, discards and progress in one transaction each. docs/warehouse.md says which steps it has. */
export class Loader {
  readonly #options: LoaderOptions;
  readonly #memories = new Map<string, SchemaMemory>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /**
   * Loads all events but those that have no rows (`unfit`), or whose rows the server refuses; these are buried before the commit.
   * Resolves with all the dead when everything is committed. Batches take their turns, also when one is tried again.
   */
  load(batch: Promise<LoaderBatch>, commit: Commit | undefined): Promise<ReadonlyMap<number, Outcome>> {
    const turn = Promise.all([batch, this.#last]).then(([ready]) => this.#load(ready, commit));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #load({ loads, unfit }: LoaderBatch, commit: Commit | undefined): Promise<ReadonlyMap<number, Outcome>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(loads, unfit, commit, attempt === 1);
      } catch (error) {
        if (!isRace(error) || attempt === mostRaces) throw error;
        this.#memories.clear();
      }
    }
  }

  async #attempt(
    loads: readonly EventLoad[],
    unfit: ReadonlyMap<number, Outcome>,
    commit: Commit | undefined,
    isFirst: boolean,
  ): Promise<ReadonlyMap<number, Outcome>> {
    const { session, progress } = this.#options;
    return await session.transaction(async (statements) => {
      // First, so that a process that was fenced does nothing at all.
      for (const position of commit?.positions ?? []) await progress.move(statements, position);
      const all = new Map(unfit);
      if (loads.length > 0) await this.#loadAll(statements, loads, all, isFirst);
      if (all.size > 0) await commit?.bury(all);
      return all;
    });
  }

  /** Loads what the server takes; the events that it refuses are put into `dead`, and have no row anywhere. */
  async #loadAll(
    statements: Statements,
    loads: readonly EventLoad[],
    dead: Map<number, Outcome>,
    isFirst: boolean,
  ): Promise<void> {
    const schemas = groupBy(loads, ({ schema }) => schema);
    // All of them first, and in one order for everybody: two loads never wait for each other.
    const names = [...schemas.keys()].sort();
    for (const schema of names) await enterSchema(statements, schema);
    for (;;) {
      const before = dead.size;
      await statements.run("SAVEPOINT pintle_batch");
      for (const schema of names) {
        const living = schemas.get(schema)!.filter(({ event }) => !dead.has(event));
        const options = { ...this.#options, schema, memory: this.#memoryOf(schema), mayRace: isFirst };
        await new SchemaLoad(statements, options).run(living, dead);
      }
      if (dead.size === before) return;
      // The other rows of those that were refused are there already: once more, without them.
      await statements.run("ROLLBACK TO SAVEPOINT pintle_batch");
    }
  }

  #memoryOf(schema: string): SchemaMemory {
    let memory = this.#memories.get(schema);
    if (memory === undefined) {
      memory = { known: new Set(), repeating: new Set() };
      this.#memories.set(schema, memory);
    }
    return memory;
  }
}
