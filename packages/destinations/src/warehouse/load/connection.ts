import { randomUUID } from "node:crypto";
import { setImmediate as immediate } from "node:timers/promises";
import type { DeliveredEvent } from "@pintle/events/gateway";
import {
  type Connection,
  type Dead,
  type Delivery,
  dead,
  delivered,
  type EventSource,
  type Outcome,
  type Place,
  type Position,
  type Tools,
} from "@pintle/kit";
import { ShapeFamily } from "../cells.ts";
import { OptionsReader } from "../event-options.ts";
import { Names } from "../names.ts";
import type { EventRows } from "../row.ts";
import { type RowRules, RowsKept } from "../row-rules.ts";
import { hasTable, rowsOf } from "../rows.ts";
import { type LoaderBatch, WarehouseLoader } from "./loader.ts";
import type { EventLoad } from "./schema-load.ts";
import { namespaceOf, type WarehouseSettings } from "./settings.ts";
import type { Warehouse } from "./warehouse.ts";

/** Events that become rows at a stretch: about a millisecond's work. */
const eventsAtATime = 64;

export interface WarehouseConnectionOptions {
  readonly warehouse: Warehouse;
  readonly settings: WarehouseSettings;
  readonly tools: Pick<Tools, "destinationId" | "destinationName" | "rudderStackId" | "now">;
  /** The name under which people know the type, and which `integrations` of an event may use. */
  readonly displayName: string;
}

/** The connection of a destination that loads events into a warehouse: events in, rows out. */
export class WarehouseConnection implements Connection {
  readonly #warehouse: Warehouse;
  readonly #names: Names;
  readonly #rules: RowRules;
  readonly #namespace: string | undefined;
  readonly #loader: WarehouseLoader;

  constructor({ warehouse, settings, tools, displayName }: WarehouseConnectionOptions) {
    const { dialect } = warehouse;
    const { now, rudderStackId, destinationId = displayName.toLowerCase(), destinationName = destinationId } = tools;
    this.#warehouse = warehouse;
    this.#names = new Names({ dialect, ...settings });
    this.#namespace = namespaceOf(settings, dialect);
    const shapes = new ShapeFamily();
    this.#rules = {
      ...settings,
      dialect,
      names: this.#names,
      shapes,
      kept: new RowsKept(),
      options: new OptionsReader(settings, [destinationName, dialect.name, displayName]),
      destinationId: rudderStackId ?? destinationId,
      newId: randomUUID,
    };
    this.#loader = new WarehouseLoader({ warehouse, rules: settings, shapes, now });
  }

  position(place: Place, otherwise: Position, anew: Position = otherwise): Promise<Position> {
    return this.#warehouse.position(place, otherwise, anew);
  }

  async deliver(events: readonly DeliveredEvent[], delivery?: Delivery): Promise<readonly Outcome[]> {
    const batch = this.#batchOf(events, delivery);
    // The loader is told at once, so that batches take their turns as they came.
    const loading = this.#loader.load(batch, delivery?.commit);
    loading.catch(() => {}); // Looked at below.
    // If no rows can be made from an event, the fault is ours, not the database's.
    await batch;
    try {
      const dead = await loading;
      return events.map((_, index) => dead.get(index) ?? delivered);
    } catch (error) {
      const outcome = this.#warehouse.errors.trouble(error);
      return events.map(() => outcome);
    }
  }

  /**
   * Makes the rows of a batch in small steps, so that others on this thread get their turn, not
   * least the batch that is being loaded.
   */
  async #batchOf(events: readonly DeliveredEvent[], delivery: Delivery | undefined): Promise<LoaderBatch> {
    const loads: EventLoad[] = [];
    const unfit = new Map<number, Dead>();
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
    return this.#warehouse.close();
  }

  #schemaOf({ id, name }: EventSource): string {
    return this.#namespace ?? this.#names.schema(name) ?? this.#names.schema(id) ?? "events";
  }

  #rowsOf(event: DeliveredEvent, source: EventSource): EventRows | Dead {
    if (!hasTable(event.type)) return dead("type", { detail: "the warehouse has no table for events of this type" });
    const rows = rowsOf(event, { id: source.rudderStackId ?? source.id, type: "HTTP" }, this.#rules);
    if (!("columns" in rows)) return rows;
    const limit = this.#rules.maxColumns;
    return dead("columns", {
      detail: `the event has ${rows.columns} columns, which is more than maxColumns (${limit})`,
    });
  }
}
