import type { Commit, Outcome } from "@pintle/kit";
import { enterSchema } from "./catalog.ts";
import { groupBy } from "./group-by.ts";
import type { ProgressTable } from "./progress-table.ts";
import { type EventLoad, SchemaLoad, type SchemaLoadOptions } from "./schema-load.ts";
import type { SchemaMemory } from "./schema-tables.ts";
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

/** The server refuses rows of these events, so that none of their rows may be loaded. */
class Refused extends Error {
  readonly events: ReadonlyMap<number, Outcome>;

  constructor(events: ReadonlyMap<number, Outcome>) {
    super(`${events.size} events were refused`);
    this.events = events;
  }
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
    const dead = new Map(unfit);
    for (let races = 0; ; ) {
      try {
        await this.#attempt(loads, dead, commit, races === 0);
        return dead;
      } catch (error) {
        // Other rows of those events are in the transaction already: once more, without them.
        if (error instanceof Refused) for (const [event, outcome] of error.events) dead.set(event, outcome);
        else if (isRace(error) && ++races < mostRaces) this.#memories.clear();
        else throw error;
      }
    }
  }

  /** Loads all events but the `dead`, and commits. */
  #attempt(
    loads: readonly EventLoad[],
    dead: ReadonlyMap<number, Outcome>,
    commit: Commit | undefined,
    isFirst: boolean,
  ): Promise<void> {
    const { session, progress } = this.#options;
    return session.transaction(async (statements) => {
      // First, so that a process that was fenced does nothing at all.
      for (const position of commit?.positions ?? []) await progress.move(statements, position);
      await this.#loadAll(
        statements,
        loads.filter(({ event }) => !dead.has(event)),
        isFirst,
      );
      if (dead.size > 0) await commit?.bury(dead);
    });
  }

  /** @throws Refused with the events that the server refuses, after it has taken the others */
  async #loadAll(statements: Statements, loads: readonly EventLoad[], isFirst: boolean): Promise<void> {
    const schemas = groupBy(loads, ({ schema }) => schema);
    // All of them first, and in one order for everybody: two loads never wait for each other.
    const names = [...schemas.keys()].sort();
    for (const schema of names) await enterSchema(statements, schema);
    const refused = new Map<number, Outcome>();
    for (const schema of names) {
      const options = { ...this.#options, schema, memory: this.#memoryOf(schema), mayRace: isFirst };
      await new SchemaLoad(statements, options).run(schemas.get(schema)!, refused);
    }
    if (refused.size > 0) throw new Refused(refused);
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
