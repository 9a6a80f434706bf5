import type { Commit, Dead } from "@pintle/kit";
import { groupBy } from "../group-by.ts";
import { type EventLoad, SchemaLoad, type SchemaLoadOptions } from "./schema-load.ts";
import type { Warehouse, WarehouseSchema, WarehouseTransaction } from "./warehouse.ts";

/** The events of a batch, by their result. */
export interface LoaderBatch {
  readonly loads: readonly EventLoad[];
  /** Events that have no rows, by their index in the batch. */
  readonly unfit: ReadonlyMap<number, Dead>;
}

export interface WarehouseLoaderOptions extends Pick<SchemaLoadOptions, "rules" | "shapes" | "now"> {
  readonly warehouse: Warehouse;
}

/** The database refuses rows of these events, so that none of their rows may be loaded. */
class RowsRefusedError extends Error {
  readonly events: ReadonlyMap<number, Dead>;

  constructor(events: ReadonlyMap<number, Dead>) {
    super(`${events.size} events were refused`);
    this.events = events;
  }
}

/** Attempts at a transaction that other writers made fail. */
const mostRaces = 5;

/**
 * Loads batches: rows, discards and progress in one transaction each. docs/warehouse.md lists the
 * steps.
 */
export class WarehouseLoader {
  readonly #options: WarehouseLoaderOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WarehouseLoaderOptions) {
    this.#options = options;
  }

  /**
   * Loads all events but those that have no rows (`unfit`), or whose rows the database refuses;
   * these are buried before the commit. Resolves with all the dead when everything is committed.
   * Batches take their turns, also when one is tried again.
   */
  load(batch: Promise<LoaderBatch>, commit: Commit | undefined): Promise<ReadonlyMap<number, Dead>> {
    const turn = Promise.all([batch, this.#last]).then(([ready]) => this.#load(ready, commit));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #load({ loads, unfit }: LoaderBatch, commit: Commit | undefined): Promise<ReadonlyMap<number, Dead>> {
    const dead = new Map(unfit);
    for (let races = 0; ; ) {
      try {
        await this.#attempt(loads, dead, commit, races === 0);
        return dead;
      } catch (error) {
        // Other rows of those events are already in the transaction, so it is repeated without
        // them.
        if (error instanceof RowsRefusedError) for (const [event, outcome] of error.events) dead.set(event, outcome);
        else if (!this.#isRace(error) || ++races >= mostRaces) throw error;
      }
    }
  }

  /** Loads all events but the `dead`, and commits. */
  #attempt(
    loads: readonly EventLoad[],
    dead: ReadonlyMap<number, Dead>,
    commit: Commit | undefined,
    isFirst: boolean,
  ): Promise<void> {
    return this.#options.warehouse.transaction(commit?.positions ?? [], async (transaction) => {
      const alive = loads.filter(({ event }) => !dead.has(event));
      await this.#loadAll(transaction, alive, isFirst);
      if (dead.size > 0) await commit?.writeLetters(dead);
    });
  }

  /**
   * @throws RowsRefusedError with the events that the database refuses, after it has taken the
   * others
   */
  async #loadAll(transaction: WarehouseTransaction, loads: readonly EventLoad[], isFirst: boolean): Promise<void> {
    const bySchema = groupBy(loads, ({ schema }) => schema);
    const entered: [WarehouseSchema, readonly EventLoad[]][] = [];
    for (const name of [...bySchema.keys()].sort()) entered.push([await transaction.enter(name), bySchema.get(name)!]);
    const refused = new Map<number, Dead>();
    for (const [schema, its] of entered)
      await new SchemaLoad(schema, { ...this.#options, mayRace: isFirst }).run(its, refused);
    if (refused.size > 0) throw new RowsRefusedError(refused);
  }

  #isRace(error: unknown): boolean {
    const kind = this.#options.warehouse.errors.kindOf(error);
    return kind === "race" || kind === "repeat";
  }
}
