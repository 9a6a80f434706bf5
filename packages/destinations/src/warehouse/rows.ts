import { isBlank, readTime } from "@pintle/events";
import { type DeliveredEvent, knownType } from "@pintle/events/gateway";
import { Cells, type ShapeFamily, SharedCells } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
import type { EventOptions, OptionsReader } from "./event-options.ts";
import { fixedColumns } from "./fixed-columns.ts";
import { flatten, type KeyPath, KeyTree, type Leaf } from "./flatten.ts";
import { eventTable, type Names } from "./names.ts";
import { cleanText, jsonText, textOf } from "./text.ts";
import { isDateTime, type Scalar, type ValueType } from "./types.ts";

/** How events become rows. The rules are those of docs/warehouse.md. */
export interface RowRules {
  readonly dialect: Dialect;
  readonly names: Names;
  readonly shapes: ShapeFamily;
  /** What is made once for many events. Belongs to these rules and no others. */
  readonly kept: RowsKept;
  readonly layout: "tables" | "single";
  readonly options: OptionsReader;
  /** Whether `context.traits` are columns without a prefix, too. */
  readonly contextTraits: boolean;
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
  /** A full name, as those of the columns are. */
  readonly table: string;
  readonly id: string;
  readonly parts: readonly Cells[];
}

/** A value that has no place in its row. */
export interface Discard {
  /** A full name. */
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

/** Common columns that a user's row has, beside those of the source and of the context. */
const userColumns: readonly string[] = [
  "sent_at",
  "timestamp",
  "received_at",
  "original_timestamp",
  "context_ip",
  "context_request_ip",
  "context_passed_ip",
];

export const usersTable = "users";
export const discardsTable = "rudder_discards";
const singleTable = "events";

/** Whether events of a type have rows. (`merge` has none.) */
export function hasTable(type: unknown): boolean {
  return tableOf.has(knownType(type));
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
  readonly #type: string | undefined;
  readonly #id: string;
  readonly #options: EventOptions;
  readonly #discards: Discard[] = [];
  /** Parts whose columns win over what is flattened now, beside the fixed ones. */
  readonly #winners: Cells[] = [];
  /** Parts with the values of the fixed columns. */
  readonly #fixedParts: Cells[] = [];
  /** The table of the event, where discards of what is added now belong. */
  #table: string;

  constructor(event: DeliveredEvent, source: RowSource, rules: RowRules) {
    this.#event = event;
    this.#source = source;
    this.#rules = rules;
    this.#options = rules.options.of(event.integrations);
    this.#id = textOf(event.messageId) ?? `auto-${rules.newId()}`;
    this.#type = knownType(event.type);
    this.#table = tableOf.get(this.#type) ?? singleTable;
  }

  single(): EventRows | TooWide {
    const common = this.#common();
    const cells = new Cells(this.#rules.shapes);
    const type = this.#type;
    const { event, name } = this.#event;
    this.#text(cells, "type", type);
    this.#text(cells, "event", type === "track" ? event : name);
    this.#whole(cells);
    return this.#result([{ table: singleTable, id: this.#id, parts: [common, this.#ofSource(), cells] }], undefined);
  }

  tables(): EventRows | TooWide {
    const common = this.#common();
    const context = this.#context();
    const type = this.#type;
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
    const sent = textOf(event) ?? "";
    const isName = typeof event !== "object";
    const name = isName ? this.#rules.names.full(sent) : undefined;
    const head = [common, this.#ofSource(), context, this.#ofEvent(name, sent)];
    this.#fixedParts.push(head[3]!);
    if (this.#keepsWhole) {
      const whole = new Cells(this.#rules.shapes);
      this.#whole(whole);
      head.push(whole);
    }
    const tracks: Row = { table: "tracks", id: this.#id, parts: head };
    if (name === undefined) {
      // The name had something in it, so the properties were meant for a table that cannot be named.
      if (sent !== "") {
        if (!isName) this.#discard("event", sent, "name");
        this.#eachOf("properties", properties, undefined, (path, value) =>
          this.#discard(rawName("properties", path), value, "name"),
        );
      }
      return this.#result([tracks], undefined);
    }
    this.#table = eventTable(name);
    const ofProperties = new Cells(this.#rules.shapes);
    this.#flatten(ofProperties, properties, "properties");
    const row: Row = { table: this.#table, id: this.#id, parts: [...head, ofProperties] };
    return this.#result(this.#options.skipTracks ? [row] : [tracks, row], undefined);
  }

  #identify(common: Cells, context: Cells): EventRows | TooWide {
    const { traits, userId } = this.#event;
    const whole = new Cells(this.#rules.shapes);
    this.#whole(whole);
    const ofTraits = new Cells(this.#rules.shapes);
    this.#flatten(ofTraits, traits, "traits");
    const ofContext = this.#ofContextTraits(ofTraits);
    const row: Row = {
      table: this.#table,
      id: this.#id,
      parts: [common, this.#ofSource(), context, whole, ofTraits, ofContext],
    };
    const user = textOf(userId);
    if (this.#options.skipUsers || user === undefined || isBlank(user)) return this.#result([row], undefined);
    const head = new Cells(this.#rules.shapes);
    head.add("id", user, "string");
    for (const name of userColumns) {
      const at = common.names.indexOf(name);
      if (at >= 0) head.add(name, common.values[at]!, common.types[at]!);
    }
    const parts = [head, this.#ofSource(), context, ofTraits, ofContext];
    return this.#result([row], { table: usersTable, id: user, parts });
  }

  /**
   * The traits of the context, without a prefix. Whatever has the same name wins over them, and nobody misses them: they are there as
   * `context_traits_...`.
   */
  #ofContextTraits(ofTraits: Cells): Cells {
    const cells = new Cells(this.#rules.shapes);
    const traits = (this.#event.context as { traits?: unknown } | null | undefined)?.traits;
    if (!this.#rules.contextTraits || typeof traits !== "object" || traits === null) return cells;
    const fixed = fixedColumns("identify");
    this.#eachOf("traits", traits, this.#options.jsonPaths.keysOf("identify", "traits"), (path, value, type) => {
      const name = path.isRoot && type !== "json" ? undefined : this.#nameOf("traits", path);
      if (name === undefined || isTooLarge(value) || fixed.has(name) || ofTraits.shape.has(name)) return;
      if (!this.#winners.some(({ shape }) => shape.has(name))) cells.add(name, value, type);
    });
    return cells;
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
    this.#fixedParts.push(cells, this.#ofSource());
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

  /** The name of a track, in snake case and as it was sent. */
  #ofEvent(name: string | undefined, sent: string): Cells {
    const { kept, shapes } = this.#rules;
    return kept.events.get(name === undefined ? ` ${sent}` : sent, () => {
      const cells = new Cells(shapes);
      if (name !== undefined) cells.add("event", name, "string");
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
    // As the gateway leaves it; a transformation may leave anything.
    const time = typeof value === "string" && isDateTime(value) ? value : readTime(value)?.text;
    if (time !== undefined) cells.add(name, time, "datetime");
    else if (textOf(value) !== undefined) this.#put(name, textOf(value)!, "type");
  }

  #flatten(cells: Cells, sent: unknown, section: Section): void {
    const fixed = fixedColumns(this.#type);
    this.#eachOf(section, sent, this.#options.jsonPaths.keysOf(this.#type, section), (path, value, type) => {
      const name = this.#nameOf(section, path);
      if (name === undefined || isTooLarge(value)) {
        this.#discard(rawName(section, path), value, name === undefined ? "name" : "type");
        return;
      }
      const isTaken = fixed.has(name) || this.#winners.some(({ shape }) => shape.has(name));
      if (!isTaken && cells.add(name, value, type)) return;
      // What is in the column all the same is not lost, such as a page's name, which SDKs put into its properties, too.
      if (!isTaken || !this.#has(name, value, cells)) this.#discard(rawName(section, path), value, "collision");
    });
  }

  /** Flattens a section of the event. What stands in its place and is no object has no column. */
  #eachOf(section: Section, sent: unknown, jsonKeys: ReadonlySet<string> | undefined, leaf: Leaf): void {
    if (typeof sent === "object" && sent !== null) {
      flatten(sent, this.#rules.kept.keys[section].root, jsonKeys, leaf);
      return;
    }
    const text = textOf(sent);
    if (text !== undefined) this.#put(section, text, "type");
  }

  /** The full name of a column; `undefined` when nothing is left of the keys. */
  #nameOf(section: Section, path: KeyPath): string | undefined {
    if (path.column === undefined) path.column = this.#rules.names.full(rawName(section, path)) ?? null;
    // `user_id` is who the event is of.
    const name =
      path.column === "user_id" && section === "traits" && this.#type === "identify" ? "_user_id" : path.column;
    return name ?? undefined;
  }

  /** Whether a column of the row has this value. */
  #has(name: string, value: Scalar, cells: Cells): boolean {
    const has = ({ names, values }: Cells): boolean => {
      const at = names.indexOf(name);
      return at >= 0 && (values[at] === value || String(values[at]) === String(value));
    };
    return this.#fixedParts.some(has) || this.#winners.some(has) || has(cells);
  }

  #discard(column: string, value: Scalar, reason: Discard["reason"]): void {
    this.#put(cleanText(column), String(value), reason);
  }

  #put(column: string, value: string, reason: Discard["reason"]): void {
    this.#discards.push({ table: this.#table, rowId: this.#id, column, value, reason });
  }
}

/** What becomes the name of a column: the keys on the way to the value, or the section where the value stands in its place. */
function rawName(section: Section, { joined, isRoot }: KeyPath): string {
  if (isRoot) return section;
  return section === "context" ? `context_${joined}` : joined;
}

/** JSON has numbers that JavaScript has not, such as 1e400. */
function isTooLarge(value: Scalar): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
