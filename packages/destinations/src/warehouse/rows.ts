import type { DeliveredEvent } from "@pintle/events/gateway";
import { Cells, type ShapeFamily, SharedCells } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
import { cleanText, flatten, jsonText, type KeyPath, KeyTree } from "./flatten.ts";
import type { JsonPaths } from "./json-paths.ts";
import type { Names } from "./names.ts";
import { isDateTime, type Scalar, type ValueType } from "./types.ts";

/** How events become rows. The rules are those of docs/warehouse.md. */
export interface RowRules {
  readonly dialect: Dialect;
  readonly names: Names;
  readonly shapes: ShapeFamily;
  /** What is made once for many events. Belongs to these rules and no others. */
  readonly kept: RowsKept;
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

type Section = "properties" | "traits" | "context";

export class RowsKept {
  readonly sources: SharedCells = new SharedCells();
  readonly events: SharedCells = new SharedCells();
  /** Keys, with the columns that are made of them. */
  readonly keys: Readonly<Record<Section, KeyTree>> = {
    properties: new KeyTree(),
    traits: new KeyTree(),
    context: new KeyTree(),
  };
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
    const common = this.#common();
    const cells = new Cells(this.#rules.shapes);
    const { type, event, name } = this.#event;
    this.#text(cells, "type", type);
    this.#text(cells, "event", type === "track" ? event : name);
    this.#whole(cells);
    return this.#result([{ table: singleTable, id: this.#id, parts: [common, this.#ofSource(), cells] }], undefined);
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
    const parts = [common, this.#ofSource(), context, own];
    return this.#result([{ table: this.#table, id: this.#id, parts }], undefined);
  }

  #track(common: Cells, context: Cells): EventRows | TooWide {
    const { event, properties } = this.#event;
    const { names, skipTracks } = this.#rules;
    const sent = textOf(event) ?? "";
    const table = names.table(sent);
    const head = [common, this.#ofSource(), context, this.#ofEvent(table, sent)];
    if (this.#keepsWhole) {
      const whole = new Cells(this.#rules.shapes);
      this.#whole(whole);
      head.push(whole);
    }
    const tracks: Row = { table: "tracks", id: this.#id, parts: head };
    if (table === undefined) {
      // The name had something in it, so the properties were meant for a table that cannot be named.
      if (sent !== "") {
        flatten(properties, new KeyTree().root, undefined, ({ joined }, value) => this.#discard(joined, value, "name"));
      }
      return this.#result([tracks], undefined);
    }
    this.#table = table;
    const ofProperties = new Cells(this.#rules.shapes);
    this.#flatten(ofProperties, properties, "properties");
    const row: Row = { table, id: this.#id, parts: [...head, ofProperties] };
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
    const row: Row = {
      table: this.#table,
      id: this.#id,
      parts: [common, this.#ofSource(), context, whole, ofTraits, ofContext],
    };
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
    return cells;
  }

  /** The common columns that tell from where to where: the same for every event of a source. */
  #ofSource(): Cells {
    const { id, type } = this.#source;
    const { kept, shapes, destinationId, dialect } = this.#rules;
    return kept.sources.get(`${type} ${id}`, () => {
      const cells = new Cells(shapes);
      cells.add("context_source_id", id, "string");
      cells.add("context_source_type", type, "string");
      cells.add("context_destination_id", destinationId, "string");
      cells.add("context_destination_type", dialect.name, "string");
      return cells;
    });
  }

  /** The name of a track, as its table and as it was sent. */
  #ofEvent(table: string | undefined, sent: string): Cells {
    const { kept, shapes } = this.#rules;
    return kept.events.get(sent, () => {
      const cells = new Cells(shapes);
      if (table !== undefined) cells.add("event", table, "string");
      if (sent !== "") cells.add("event_text", sent, "string");
      return cells;
    });
  }

  /** Every other key of `context`. They win over properties, and have to tell when they collide with each other. */
  #context(): Cells {
    const cells = new Cells(this.#rules.shapes);
    this.#flatten(cells, this.#event.context, "context");
    this.#winners.push(cells);
    return cells;
  }

  get #keepsWhole(): boolean {
    return this.#rules.rudderEvent || this.#rules.layout === "single";
  }

  #whole(cells: Cells): void {
    if (!this.#keepsWhole) return;
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

  #flatten(cells: Cells, value: unknown, section: Section): void {
    const { jsonPaths, names, kept } = this.#rules;
    const jsonKeys = jsonPaths.keysOf(this.#event.type, section);
    const fixed = fixedColumns.get(this.#event.type) ?? commonColumns;
    const isIdentify = this.#event.type === "identify";
    flatten(value, kept.keys[section].root, jsonKeys, (path, leaf, type) => {
      if (path.column === undefined) path.column = names.column(rawName(section, path)) ?? null;
      let name = path.column;
      if (name === null) {
        this.#discard(rawName(section, path), leaf, "name");
        return;
      }
      // JSON has numbers that JavaScript has not, such as 1e400.
      if (leaf === Number.POSITIVE_INFINITY || leaf === Number.NEGATIVE_INFINITY) {
        this.#discard(rawName(section, path), leaf, "type");
        return;
      }
      if (isIdentify && section === "traits" && name === "user_id") name = "_user_id";
      if (fixed.has(name) || this.#winners.some(({ shape }) => shape.has(name))) return;
      if (!cells.add(name, leaf, type)) this.#discard(rawName(section, path), leaf, "collision");
    });
  }

  #discard(column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#put(cleanText(column), String(value), reason);
  }

  #put(column: string, value: string, reason: Discard["reason"]): void {
    this.#discards.push({ table: this.#table, rowId: this.#id, column, value, reason });
  }
}

/** What becomes the name of a column. */
function rawName(section: Section, { joined }: KeyPath): string {
  return section === "context" ? `context_${joined}` : joined;
}

/** A field as text; `undefined` for what counts as absent. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object") return jsonText(value);
  const text = typeof value === "string" ? cleanText(value) : String(value);
  return text === "" ? undefined : text;
}
