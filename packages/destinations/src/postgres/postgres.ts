import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import type { DeliveredEvent } from "@pintle/events/gateway";
import {
  type Connection,
  type Delivery,
  type DestinationType,
  dead,
  defineDestination,
  delivered,
  duration,
  type EventSource,
  type Outcome,
  type Place,
  type Position,
  retry,
  secret,
  type Tools,
} from "@pintle/kit";
import { z } from "zod";
import { ShapeFamily } from "../warehouse/cells.ts";
import { OptionsReader } from "../warehouse/event-options.ts";
import { jsonPathProblem } from "../warehouse/json-paths.ts";
import { Names } from "../warehouse/names.ts";
import type { EventRows } from "../warehouse/row.ts";
import { type RowRules, RowsKept } from "../warehouse/row-rules.ts";
import { hasTable, rowsOf } from "../warehouse/rows.ts";
import { enterSchema } from "./catalog.ts";
import { connectOptions } from "./connect-options.ts";
import { postgresDialect } from "./dialect.ts";
import { Loader, type LoaderBatch } from "./loader.ts";
import { loadPg } from "./pg-driver.ts";
import { FencedError, ProgressTable } from "./progress-table.ts";
import type { EventLoad } from "./schema-load.ts";
import { Session } from "./session.ts";
import { trouble } from "./sql-error.ts";
import { tryPostgres } from "./trial.ts";

export interface PostgresSettings {
  url: string;
  tls: "verify" | "no-verify" | "off" | undefined;
  ca: string | undefined;
  namespace: string | undefined;
  layout: "tables" | "single";
  jsonPaths: string[];
  skipTracks: boolean;
  skipUsers: boolean;
  contextTraits: boolean;
  rudderEvent: boolean;
  rudderStackNames: boolean | undefined;
  rudderStackTypes: boolean;
  underscoreDivideNumbers: boolean;
  maxColumns: number;
  timeout: number;
}

const flag = (text: string): z.ZodType<boolean> => z.boolean().default(false).describe(text);

const settings = {
  url: secret(
    z.string().superRefine((url, { addIssue }) => {
      try {
        connectOptions({ url, tls: undefined, ca: undefined, timeout: 0 });
      } catch (error) {
        addIssue({ code: "custom", message: (error as Error).message });
      }
    }),
  ).describe("The server and the database: postgres://user:password@host:5432/database"),
  tls: z
    .enum(["verify", "no-verify", "off"])
    .optional()
    .describe(
      '"verify" checks the certificate and its name, "no-verify" does not, "off" is without TLS; by default "off" for this machine, else "verify"',
    ),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("File with the certificates (PEM) that are trusted, in place of the system's"),
  namespace: z
    .string()
    .refine((name) => namesFor(false).schema(name) !== undefined, {
      error: "A namespace has at least one letter or digit of ASCII",
    })
    .optional()
    .describe("The schema; by default the name of the source"),
  layout: z
    .enum(["tables", "single"])
    .default("tables")
    .describe('"tables": one for each event; "single": one for all, with the event as JSON'),
  jsonPaths: z
    .array(
      z.string().superRefine((path, { addIssue }) => {
        const problem = jsonPathProblem(path);
        if (problem !== undefined) addIssue({ code: "custom", message: problem });
      }),
    )
    .default([])
    .describe('Paths that become JSON columns instead of being flattened, like "track.properties.cart"'),
  skipTracks: flag("No rows in tracks, but for events without a table of their own"),
  skipUsers: flag("No rows in users"),
  contextTraits: z
    .boolean()
    .default(true)
    .describe("Traits of the context are columns without a prefix, too, in identifies and users (default true)"),
  rudderEvent: flag("The whole event in a JSON column rudder_event"),
  rudderStackNames: z
    .boolean()
    .optional()
    .describe("New names escape the words that RudderStack escapes; by default in a schema that it made"),
  rudderStackTypes: flag("A fraction that meets a column of whole numbers is cut off instead of widening the column"),
  underscoreDivideNumbers: flag("Digits stand apart from letters in names: v2 becomes v_2"),
  maxColumns: z
    .int()
    .min(30)
    .max(1600)
    .default(200)
    .describe("An event with more columns becomes a dead letter (default 200)"),
  timeout: duration({ min: 1000, max: 3_600_000 })
    .default(60_000)
    .describe("For each statement, and for connecting (default 60 s)"),
};

const displayName = "Postgres";

/** Events that become rows at a stretch: about a millisecond's work. */
const eventsAtATime = 64;

/** Where progress stands when every source has a schema of its own. */
const commonSchema = "pintle";

/**
 * Loads events into tables of PostgreSQL: rows and position in one transaction, so that each event is loaded exactly once.
 * docs/warehouse.md specifies all of it.
 */
export const postgres: DestinationType<PostgresSettings> = defineDestination<PostgresSettings>({
  type: "postgres",
  displayName,
  description: "Loads events into tables of a PostgreSQL database, each event exactly once",
  settings: settings as { [Key in keyof PostgresSettings]-?: z.ZodType<PostgresSettings[Key]> },
  batch: { events: 2500, bytes: 4 << 20, whole: true },
  transactional: true,
  trial: tryPostgres,
  async open(values, tools) {
    const connect = await loadPg();
    const ca = values.ca === undefined ? undefined : await readFile(resolve(tools.directory, values.ca), "utf8");
    const options = connectOptions({ ...values, ca });
    const session = new Session({ client: () => connect(options), timeout: values.timeout });
    return new PostgresConnection(session, values, tools);
  },
});

class PostgresConnection implements Connection {
  readonly #session: Session;
  readonly #names: Names;
  readonly #rules: RowRules;
  readonly #namespace: string | undefined;
  readonly #progressSchema: string;
  readonly #progress: ProgressTable;
  readonly #loader: Loader;

  constructor(
    session: Session,
    values: PostgresSettings,
    { destinationId = "postgres", rudderStackId, destinationName, now }: Tools,
  ) {
    this.#session = session;
    this.#names = namesFor(values.underscoreDivideNumbers);
    this.#namespace = values.namespace === undefined ? undefined : this.#names.schema(values.namespace);
    const shapes = new ShapeFamily();
    this.#rules = {
      ...values,
      dialect: postgresDialect,
      names: this.#names,
      shapes,
      kept: new RowsKept(),
      options: new OptionsReader(values, [destinationName ?? destinationId, postgresDialect.name, displayName]),
      destinationId: rudderStackId ?? destinationId,
      newId: randomUUID,
    };
    this.#progressSchema = this.#namespace ?? commonSchema;
    this.#progress = new ProgressTable(this.#progressSchema, destinationId, randomUUID());
    this.#loader = new Loader({ session, progress: this.#progress, rules: values, shapes, now });
  }

  position(place: Place, otherwise: Position, anew: Position = otherwise): Promise<Position> {
    return this.#session.transaction(async (statements) => {
      await enterSchema(statements, this.#progressSchema);
      await this.#progress.create(statements);
      return await this.#progress.read(statements, place, otherwise, anew);
    });
  }

  async deliver(events: readonly DeliveredEvent[], delivery?: Delivery): Promise<readonly Outcome[]> {
    const batch = this.#batchOf(events, delivery);
    // The loader is told at once, so that batches take their turns as they came.
    const loading = this.#loader.load(batch, delivery?.commit);
    loading.catch(() => {}); // Looked at below.
    // An event of which no rows can be made is a fault here, and not the server's trouble.
    await batch;
    try {
      const dead = await loading;
      return events.map((_, index) => dead.get(index) ?? delivered);
    } catch (error) {
      const outcome =
        error instanceof FencedError
          ? retry("destination", "fenced", { detail: error.message, ages: false })
          : trouble(error);
      return events.map(() => outcome);
    }
  }

  /** Makes the rows of a batch, bit by bit: others of this thread have their turn, not least the batch that is being loaded. */
  async #batchOf(events: readonly DeliveredEvent[], delivery: Delivery | undefined): Promise<LoaderBatch> {
    const loads: EventLoad[] = [];
    const unfit = new Map<number, Outcome>();
    for (const [index, event] of events.entries()) {
      if (index % eventsAtATime === 0) await immediate();
      const source = delivery?.sources[index] ?? { id: "", name: "events" };
      const rows = this.#rowsOf(event, source);
      if ("outcome" in rows) unfit.set(index, rows);
      else loads.push({ event: index, schema: this.#schemaOf(source), rows });
    }
    return { loads, unfit };
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #schemaOf({ id, name }: EventSource): string {
    return this.#namespace ?? this.#names.schema(name) ?? this.#names.schema(id) ?? "events";
  }

  #rowsOf(event: DeliveredEvent, source: EventSource): EventRows | Outcome {
    if (!hasTable(event.type)) return dead("type", { detail: "the warehouse has no table for events of this type" });
    const rows = rowsOf(event, { id: source.rudderStackId ?? source.id, type: "HTTP" }, this.#rules);
    if (!("columns" in rows)) return rows;
    const limit = this.#rules.maxColumns;
    return dead("columns", {
      detail: `the event has ${rows.columns} columns, which is more than maxColumns (${limit})`,
    });
  }
}

function namesFor(underscoreDivideNumbers: boolean): Names {
  return new Names({ dialect: postgresDialect, underscoreDivideNumbers });
}
