import type { Dead } from "@pintle/kit";
import { Cells, type ShapeFamily } from "../cells.ts";
import { groupBy } from "../group-by.ts";
import { discardsTable, type EventRows, type Row, usersTable } from "../row.ts";
import type { UserUpdate } from "../users.ts";
import { Fitter } from "./fitter.ts";
import { type Item, type ItemDiscard, newestOfEach } from "./item.ts";
import { type LoadRules, SchemaTables } from "./schema-tables.ts";
import { singleOut } from "./single-out.ts";
import type { RefusedRow, Warehouse, WarehouseSchema } from "./warehouse.ts";

/** The rows of one event of a batch. */
export interface EventLoad {
  /** Index of the event in its batch. */
  readonly event: number;
  readonly schema: string;
  readonly rows: EventRows;
}

export interface SchemaLoadOptions {
  readonly warehouse: Pick<Warehouse, "dialect" | "errors">;
  readonly rules: LoadRules;
  readonly shapes: ShapeFamily;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A repeat may be a race that another attempt wins; if it happens again, the row is at fault. */
  readonly mayRace: boolean;
}

/** The part of a batch that goes into one schema. */
export class SchemaLoad {
  readonly #schema: WarehouseSchema;
  readonly #options: SchemaLoadOptions;
  readonly #stamp: Cells;
  readonly #stampText: string;
  readonly #discards: ItemDiscard[] = [];
  readonly #tables: SchemaTables;

  constructor(schema: WarehouseSchema, options: SchemaLoadOptions) {
    const { warehouse, rules, shapes, now } = options;
    this.#schema = schema;
    this.#options = options;
    const discard = (one: ItemDiscard): void => void this.#discards.push(one);
    this.#tables = new SchemaTables(schema, { dialect: warehouse.dialect, rules }, discard);
    this.#stampText = new Date(now()).toISOString();
    this.#stamp = new Cells(shapes);
    this.#stamp.add("uuid_ts", this.#stampText, "datetime");
  }

  /** Loads rows, users and discards. Events of which the database refuses a row go into `dead`. */
  async run(loads: readonly EventLoad[], dead: Map<number, Dead>): Promise<void> {
    const tables = new Map<string, Item[]>();
    const users: Item[] = [];
    for (const { event, rows } of loads) {
      const { receivedAt } = rows;
      const item = ({ id, parts }: Row): Item => ({ event, id, receivedAt, parts: [...parts, this.#stamp] });
      for (const row of rows.rows) {
        const items = tables.get(row.table);
        if (items === undefined) tables.set(row.table, [item(row)]);
        else items.push(item(row));
      }
      if (rows.user !== undefined) users.push(item(rows.user));
      for (const discard of rows.discards) this.#discards.push({ ...discard, event, receivedAt });
    }
    await this.#tables.look([...tables.keys()], users.length > 0 ? [usersTable, discardsTable] : [discardsTable]);
    const placed = this.#tables.place(tables);
    for (const name of [...placed.keys()].sort()) await this.#loadTable(name, placed.get(name)!, dead);
    if (users.length > 0) await this.#loadUsers(users, dead);
    const discards = this.#discards.filter(({ event }) => !dead.has(event));
    if (discards.length > 0) await this.#loadDiscards(discards);
  }

  async #loadTable(name: string, all: readonly Item[], dead: Map<number, Dead>): Promise<void> {
    const items = newestOfEach(all);
    const { table, places } = await this.#tables.prepared(name, items);
    // A row's values may be asked for several times; what does not fit is told once.
    const told = new Map<string, ItemDiscard>();
    const fitter = new Fitter(table, places, items, this.#options.rules, (discard) =>
      told.set(`${discard.event} ${discard.column}`, discard),
    );
    const stale = new Set<number>();
    await this.#singleOut(items, dead, async (some) => {
      const put = await this.#schema.put(table, some, fitter);
      if ("refused" in put) return put;
      for (const event of put.stale) stale.add(event);
      return undefined;
    });
    for (const discard of told.values()) if (!stale.has(discard.event)) this.#discards.push(discard);
  }

  async #loadUsers(items: readonly Item[], dead: Map<number, Dead>): Promise<void> {
    const { table, places } = await this.#tables.prepared(usersTable, items);
    const fitter = new Fitter(table, places, items, this.#options.rules, (discard) => this.#discards.push(discard));
    const updates = new Map(
      items.map((item): [Item, UserUpdate] => [
        item,
        { at: Date.parse(item.receivedAt), values: fitter.valuesByName(item) },
      ]),
    );
    await this.#singleOut(items, dead, (some) => {
      const byUser = groupBy(some, ({ id }) => id);
      const said = [...byUser].map(([id, its]): [string, UserUpdate[]] => [id, its.map((item) => updates.get(item)!)]);
      return this.#schema.putUsers(table, new Map(said));
    });
  }

  async #loadDiscards(discards: readonly ItemDiscard[]): Promise<void> {
    const items = discards.map(({ event, receivedAt, table, rowId, column, value, reason }): Item => {
      const cells = new Cells(this.#options.shapes);
      cells.add("table_name", this.#tables.nameOf(table), "string");
      cells.add("row_id", rowId, "string");
      cells.add("column_name", column, "string");
      cells.add("column_value", value, "string");
      cells.add("received_at", receivedAt, "datetime");
      cells.add("uuid_ts", this.#stampText, "datetime");
      cells.add("reason", reason, "string");
      return { event, id: rowId, receivedAt, parts: [cells] };
    });
    const { table, places } = await this.#tables.prepared(discardsTable, items);
    await this.#schema.append(table, items, new Fitter(table, places, items, this.#options.rules, () => {}));
  }

  /** Writes items, except those that the database refuses: their events are dead. */
  async #singleOut(
    items: readonly Item[],
    dead: Map<number, Dead>,
    put: (some: readonly Item[]) => Promise<RefusedRow | undefined>,
  ): Promise<void> {
    const { warehouse, mayRace } = this.#options;
    const refused = await singleOut(items, async (some) => {
      const refusal = await put(some);
      if (refusal !== undefined && mayRace && warehouse.errors.kindOf(refusal.refused) === "repeat")
        throw refusal.refused;
      return refusal;
    });
    for (const [{ event }, { refused: error }] of refused) dead.set(event, warehouse.errors.deadRow(error));
  }
}
