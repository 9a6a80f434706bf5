import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Dialect } from "./dialect.ts";
import { cleanText, flatten, jsonText } from "./flatten.ts";
import type { JsonPaths } from "./json-paths.ts";
import type { Names } from "./names.ts";
import { isDateTime, type Scalar, type ValueType } from "./types.ts";

/** How events become rows. The rules are those of docs/warehouse.md. */
export interface RowRules {
  readonly dialect: Dialect;
  readonly names: Names;
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

/** Columns of a row, each with its value and the value's type. No name is there twice. */
export class Cells {
  readonly names: string[] = [];
  readonly values: Scalar[] = [];
  readonly types: ValueType[] = [];

  add(name: string, value: Scalar, type: ValueType): void {
    this.names.push(name);
    this.values.push(value);
    this.types.push(type);
  }
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
  /** Names that the row has: `true` for those that win without a word. */
  readonly #taken = new Map<string, boolean>();
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
    const own = new Cells();
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
    const own = new Cells();
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
    const ofProperties = new Cells();
    this.#flatten(ofProperties, properties, "properties");
    const row: Row = { table, id: this.#id, parts: [common, context, own, ofProperties] };
    return this.#result(skipTracks ? [row] : [tracks, row], undefined);
  }

  #identify(common: Cells, context: Cells): EventRows | TooWide {
    const { traits, userId } = this.#event;
    const whole = new Cells();
    this.#whole(whole);
    const ofTraits = new Cells();
    const contextTraits = (this.#event.context as { traits?: unknown } | null | undefined)?.traits;
    this.#flatten(ofTraits, traits, "traits");
    // The event's own traits win over those of the context, which nobody misses: they are there as `context_traits_...`.
    for (const name of ofTraits.names) this.#taken.set(name, true);
    this.#flatten(ofTraits, contextTraits, "traits");
    const row: Row = { table: this.#table, id: this.#id, parts: [common, context, whole, ofTraits] };
    const user = textOf(userId);
    if (this.#rules.skipUsers || user === undefined || user.trim() === "") return this.#result([row], undefined);
    const head = new Cells();
    head.add("id", user, "string");
    const at = this.#event.receivedAt;
    if (isDateTime(at)) head.add("received_at", at, "datetime");
    const traitsOfUser = without(ofTraits, userHead);
    return this.#result([row], { table: usersTable, id: user, parts: [head, context, traitsOfUser] });
  }

  #result(rows: readonly Row[], user: Row | undefined): EventRows | TooWide {
    const columns = rows.reduce(
      (most, { parts }) =>
        Math.max(
          most,
          parts.reduce((sum, { names }) => sum + names.length, 0),
        ),
      0,
    );
    if (columns > this.#rules.maxColumns) return { columns };
    return { receivedAt: this.#event.receivedAt, rows, user, discards: this.#discards };
  }

  /** The columns that every event has, but for what clients put into `context`. */
  #common(): Cells {
    const cells = new Cells();
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
    this.#taken.set("uuid_ts", true);
    return cells;
  }

  /** Every other key of `context`. They win over properties, and have to tell when they collide with each other. */
  #context(): Cells {
    const cells = new Cells();
    this.#flatten(cells, this.#event.context, "context");
    for (const name of cells.names) this.#taken.set(name, true);
    return cells;
  }

  #whole(cells: Cells): void {
    if (!this.#rules.rudderEvent && this.#rules.layout !== "single") return;
    this.#fixed(cells, "rudder_event", jsonText(this.#event), "json");
  }

  #fixed(cells: Cells, name: string, value: Scalar, type: ValueType): void {
    cells.add(name, value, type);
    this.#taken.set(name, true);
  }

  /** A column of text, whatever the client sent. Also one without a value keeps others off its name. */
  #text(cells: Cells, name: string, value: unknown): void {
    const text = textOf(value);
    this.#taken.set(name, true);
    if (text !== undefined) cells.add(name, text, "string");
  }

  #time(cells: Cells, name: string, value: unknown): void {
    this.#taken.set(name, true);
    if (typeof value === "string" && isDateTime(value)) cells.add(name, value, "datetime");
    else if (textOf(value) !== undefined) this.#put(name, textOf(value)!, "type");
  }

  #flatten(cells: Cells, value: unknown, section: "properties" | "traits" | "context"): void {
    const jsonKeys = this.#rules.jsonPaths.keysOf(this.#event.type, section);
    const { column } = this.#rules.names;
    flatten(value, "", jsonKeys, (key, leaf, type) => {
      const raw = section === "context" ? `context_${key}` : key;
      let name = column(raw);
      if (name === undefined) {
        this.#discard(raw, leaf, "name");
        return;
      }
      if (section === "traits" && name === "user_id" && this.#event.type === "identify") name = "_user_id";
      const taken = this.#taken.get(name);
      if (taken === true) return;
      if (taken === false) {
        this.#discard(raw, leaf, "collision");
        return;
      }
      this.#taken.set(name, false);
      cells.add(name, leaf, type);
    });
  }

  #discard(column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#put(cleanText(column), String(value), reason);
  }

  #put(column: string, value: string, reason: Discard["reason"]): void {
    this.#discards.push({ table: this.#table, rowId: this.#id, column, value, reason });
  }
}

/** The columns of `users` that do not come from traits. */
const userHead: ReadonlySet<string> = new Set(["id", "received_at"]);

function without(cells: Cells, names: ReadonlySet<string>): Cells {
  if (!cells.names.some((name) => names.has(name))) return cells;
  const rest = new Cells();
  cells.names.forEach((name, at) => {
    if (!names.has(name)) rest.add(name, cells.values[at]!, cells.types[at]!);
  });
  return rest;
}

/** A field as text; `undefined` for what counts as absent. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return jsonText(value);
  const text = typeof value === "string" ? cleanText(value) : String(value);
  return text === "" ? undefined : text;
}
