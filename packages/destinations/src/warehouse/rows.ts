import type { DeliveredEvent } from "@pintle/events/gateway";
import { Cells, type ShapeFamily } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
import { cleanText, flatten, jsonText } from "./flatten.ts";
import type { JsonPaths } from "./json-paths.ts";
import type { Names } from "./names.ts";
import { isDateTime, type Scalar, type ValueType } from "./types.ts";

/** How events become rows. The rules are those of docs/warehouse.md. */
export interface RowRules {
  readonly dialect: Dialect;
  readonly names: Names;
  readonly shapes: ShapeFamily;
  readonly layout: "tables" | "single";
  readonly jsonPaths: JsonPaths;
  readonly skipTracks: boolean;
  readonly skipUsers: boolean;
  readonly rudderEvent: boolean;
  /** An event whose widest row has more columns has no rows. */
  readonly maxColumns: number;
  readonly destinationId: string;
  /** Makes a UUID, for an event without `messageId`. */
  readonly newId: () => string;
}

export interface RowSource {
  readonly id: string;
  readonly type: string;
}

/** A row for one table. Its columns are in parts, since the rows of an event share most of them. */
export interface Row {
  readonly table: string;
  readonly id: string;
  readonly parts: readonly Cells[];
}

/** A value that has no place in its row. */
export interface Discard {
  readonly table: string;
  readonly rowId: string;
  readonly column: string;
  readonly value: string;
  readonly reason: "type" | "name" | "collision" | "columns" | "generated";
}

/** Everything that an event puts into the warehouse. */
export interface EventRows {
  readonly receivedAt: string;
  /** Rows that are unique by id. */
  readonly rows: readonly Row[];
  /** What the event says about its user: the row of `users` is merged from all of them. */
  readonly user: Row | undefined;
  readonly discards: readonly Discard[];
}

/** The event has this many columns, which is too many. */
export interface TooWide {
  readonly columns: number;
}

/** The tables of events that have no name of their own, with what they put beside the common columns. */
const tableOf: ReadonlyMap<unknown, string> = new Map([
  ["track", "tracks"],
  ["identify", "identifies"],
  ["page", "pages"],
  ["screen", "screens"],
  ["group", "groups"],
  ["alias", "aliases"],
]);

export const usersTable = "users";
export const discardsTable = "rudder_discards";
const singleTable = "events";

/** Columns that win over everything that clients call the same, also where an event has no value for them. */
const commonColumns: ReadonlySet<string> = new Set([
  "id",
  "anonymous_id",
  "user_id",
  "sent_at",
  "timestamp",
  "received_at",
  "original_timestamp",
  "channel",
  "context_ip",
  "context_request_ip",
  "context_passed_ip",
  "context_source_id",
  "context_source_type",
  "context_destination_id",
  "context_destination_type",
  "uuid_ts",
  "rudder_event",
]);

/** The same with what the tables of a type have besides. */
const fixedColumns: ReadonlyMap<unknown, ReadonlySet<string>> = new Map(
  Object.entries({
    track: ["event", "event_text"],
    page: ["name"],
    screen: ["name"],
    group: ["group_id"],
    alias: ["previous_id"],
  }).map(([type, names]) => [type, new Set([...commonColumns, ...names])]),
);

/** Whether events of a type have rows. (`merge` has none.) */
export function hasTable(type: unknown): boolean {
  return tableOf.has(type);
}

/** Turns an event into its rows. Pure, but for the id of an event that has none. */
export function rowsOf(event: DeliveredEvent, source: RowSource, rules: RowRules): EventRows | TooWide {
  const build = new Build(event, source, rules);
  return rules.layout === "single" ? build.single() : build.tables();
}

class Build {
  readonly #event: DeliveredEvent;
  readonly #source: RowSource;
  readonly #rules: RowRules;
  readonly #id: string;
  readonly #discards: Discard[] = [];
  /** Parts whose columns win, without a word, over what is flattened now. */
  readonly #winners: Cells[] = [];
  /** The table of the event, where discards of what is added now belong. */
  #table: string;

  constructor(event: DeliveredEvent, source: RowSource, rules: RowRules) {
    this.#event = event;
    this.#source = source;
    this.#rules = rules;
    const id = typeof event.messageId === "string" ? cleanText(event.messageId) : "";
    this.#id = id === "" ? `auto-${rules.newId()}` : id;
    this.#table = tableOf.get(event.type) ?? singleTable;
  }

  single(): EventRows | TooWide {
    const cells = this.#common();
    const { type, event, name } = this.#event;
    this.#text(cells, "type", type);
    this.#text(cells, "event", type === "track" ? event : name);
    this.#whole(cells);
    return this.#result([{ table: singleTable, id: this.#id, parts: [cells] }], undefined);
  }

  tables(): EventRows | TooWide {
    const common = this.#common();
    const context = this.#context();
    const { type } = this.#event;
    if (type === "track") return this.#track(common, context);
    if (type === "identify") return this.#identify(common, context);
    const own = new Cells(this.#rules.shapes);
    if (type === "page" || type === "screen") {
      const properties = this.#event.properties;
      this.#text(own, "name", textOf(this.#event.name) ?? (properties as { name?: unknown } | null | undefined)?.name);
      this.#whole(own);
      this.#flatten(own, properties, "properties");
    } else {
      if (type === "group") this.#text(own, "group_id", this.#event.groupId);
      else this.#text(own, "previous_id", this.#event.previousId);
      this.#whole(own);
      this.#flatten(own, this.#event.traits, "traits");
    }
    return this.#result([{ table: this.#table, id: this.#id, parts: [common, context, own] }], undefined);
  }

  #track(common: Cells, context: Cells): EventRows | TooWide {
    const { event, properties } = this.#event;
    const { names, skipTracks } = this.#rules;
    const sent = textOf(event) ?? "";
    const table = names.table(sent);
    const own = new Cells(this.#rules.shapes);
    if (table !== undefined) this.#fixed(own, "event", table, "string");
    if (sent !== "") this.#fixed(own, "event_text", sent, "string");
    this.#whole(own);
    const tracks: Row = { table: "tracks", id: this.#id, parts: [common, context, own] };
    if (table === undefined) {
      // The name had something in it, so the properties were meant for a table that cannot be named.
      if (sent !== "") {
        flatten(properties, "", undefined, (key, value) => this.#discard(key, value, "name"));
      }
      return this.#result([tracks], undefined);
    }
    this.#table = table;
    const ofProperties = new Cells(this.#rules.shapes);
    this.#flatten(ofProperties, properties, "properties");
    const row: Row = { table, id: this.#id, parts: [common, context, own, ofProperties] };
    return this.#result(skipTracks ? [row] : [tracks, row], undefined);
  }

  #identify(common: Cells, context: Cells): EventRows | TooWide {
    const { traits, userId } = this.#event;
    const whole = new Cells(this.#rules.shapes);
    this.#whole(whole);
    const ofTraits = new Cells(this.#rules.shapes);
    const contextTraits = (this.#event.context as { traits?: unknown } | null | undefined)?.traits;
    this.#flatten(ofTraits, traits, "traits");
    // The event's own traits win over those of the context, which nobody misses: they are there as `context_traits_...`.
    this.#winners.push(ofTraits);
    const ofContext = new Cells(this.#rules.shapes);
    this.#flatten(ofContext, contextTraits, "traits");
    const row: Row = { table: this.#table, id: this.#id, parts: [common, context, whole, ofTraits, ofContext] };
    const user = textOf(userId);
    if (this.#rules.skipUsers || user === undefined || user.trim() === "") return this.#result([row], undefined);
    const head = new Cells(this.#rules.shapes);
    head.add("id", user, "string");
    const at = this.#event.receivedAt;
    if (isDateTime(at)) head.add("received_at", at, "datetime");
    return this.#result([row], { table: usersTable, id: user, parts: [head, context, ofTraits, ofContext] });
  }

  #result(rows: readonly Row[], user: Row | undefined): EventRows | TooWide {
    const columns = rows.reduce(
      (most, { parts }) =>
        Math.max(
          most,
          parts.reduce((sum, { values }) => sum + values.length, 0),
        ),
      0,
    );
    if (columns > this.#rules.maxColumns) return { columns };
    return { receivedAt: this.#event.receivedAt, rows, user, discards: this.#discards };
  }

  /** The columns that every event has, but for what clients put into `context`. */
  #common(): Cells {
    const cells = new Cells(this.#rules.shapes);
    const event = this.#event;
    const ip = (event.context as { ip?: unknown } | null | undefined)?.ip;
    this.#fixed(cells, "id", this.#id, "string");
    this.#text(cells, "anonymous_id", event.anonymousId);
    this.#text(cells, "user_id", event.userId);
    this.#time(cells, "sent_at", event.sentAt);
    this.#time(cells, "timestamp", event.timestamp);
    this.#time(cells, "received_at", event.receivedAt);
    this.#time(cells, "original_timestamp", event.originalTimestamp);
    this.#text(cells, "channel", event.channel);
    this.#text(cells, "context_ip", textOf(ip) ?? event.request_ip);
    this.#text(cells, "context_request_ip", event.request_ip);
    this.#text(cells, "context_passed_ip", ip);
    this.#fixed(cells, "context_source_id", this.#source.id, "string");
    this.#fixed(cells, "context_source_type", this.#source.type, "string");
    this.#fixed(cells, "context_destination_id", this.#rules.destinationId, "string");
    this.#fixed(cells, "context_destination_type", this.#rules.dialect.name, "string");
    return cells;
  }

  /** Every other key of `context`. They win over properties, and have to tell when they collide with each other. */
  #context(): Cells {
    const cells = new Cells(this.#rules.shapes);
    this.#flatten(cells, this.#event.context, "context");
    this.#winners.push(cells);
    return cells;
  }

  #whole(cells: Cells): void {
    if (!this.#rules.rudderEvent && this.#rules.layout !== "single") return;
    this.#fixed(cells, "rudder_event", jsonText(this.#event), "json");
  }

  #fixed(cells: Cells, name: string, value: Scalar, type: ValueType): void {
    cells.add(name, value, type);
  }

  /** A column of text, whatever the client sent. */
  #text(cells: Cells, name: string, value: unknown): void {
    const text = textOf(value);
    if (text !== undefined) cells.add(name, text, "string");
  }

  #time(cells: Cells, name: string, value: unknown): void {
    if (typeof value === "string" && isDateTime(value)) cells.add(name, value, "datetime");
    else if (textOf(value) !== undefined) this.#put(name, textOf(value)!, "type");
  }

  #flatten(cells: Cells, value: unknown, section: "properties" | "traits" | "context"): void {
    const jsonKeys = this.#rules.jsonPaths.keysOf(this.#event.type, section);
    const { column } = this.#rules.names;
    const fixed = fixedColumns.get(this.#event.type) ?? commonColumns;
    flatten(value, "", jsonKeys, (key, leaf, type) => {
      const raw = section === "context" ? `context_${key}` : key;
      let name = column(raw);
      if (name === undefined) {
        this.#discard(raw, leaf, "name");
        return;
      }
      // JSON has numbers that JavaScript has not, such as 1e400.
      if (leaf === Number.POSITIVE_INFINITY || leaf === Number.NEGATIVE_INFINITY) {
        this.#discard(raw, leaf, "type");
        return;
      }
      if (section === "traits" && name === "user_id" && this.#event.type === "identify") name = "_user_id";
      if (fixed.has(name) || this.#winners.some(({ shape }) => shape.has(name))) return;
      if (!cells.add(name, leaf, type)) this.#discard(raw, leaf, "collision");
    });
  }

  #discard(column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#put(cleanText(column), String(value), reason);
  }

  #put(column: string, value: string, reason: Discard["reason"]): void {
    this.#discards.push({ table: this.#table, rowId: this.#id, column, value, reason });
  }
}

/** A field as text; `undefined` for what counts as absent. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return jsonText(value);
  const text = typeof value === "string" ? cleanText(value) : String(value);
  return text === "" ? undefined : text;
}
