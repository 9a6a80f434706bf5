import { isBlank } from "@pintle/events";
import { type DeliveredEvent, knownType } from "@pintle/events/gateway";
import { Cells } from "./cells.ts";
import { addText, commonCells, nameCells, type RowSource, sourceCells, userCells } from "./common-columns.ts";
import { EventDiscards } from "./event-discards.ts";
import type { EventOptions } from "./event-options.ts";
import { eventTable } from "./names.ts";
import { type EventRows, type Row, type TooWide, usersTable } from "./row.ts";
import type { RowRules } from "./row-rules.ts";
import { Sections } from "./sections.ts";
import { jsonText, textOf } from "./text.ts";

/**
 * The tables of events that have no name of their own, with what they put beside the common
 * columns.
 */
const tableOf: ReadonlyMap<unknown, string> = new Map([
  ["track", "tracks"],
  ["identify", "identifies"],
  ["page", "pages"],
  ["screen", "screens"],
  ["group", "groups"],
  ["alias", "aliases"],
]);

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
  readonly #rules: RowRules;
  readonly #type: string | undefined;
  readonly #id: string;
  readonly #table: string;
  readonly #options: EventOptions;
  readonly #discards: EventDiscards;
  readonly #common: Cells;
  readonly #ofSource: Cells;

  constructor(event: DeliveredEvent, source: RowSource, rules: RowRules) {
    this.#event = event;
    this.#rules = rules;
    this.#options = rules.options.of(event.integrations);
    this.#id = textOf(event.messageId) ?? `auto-${rules.newId()}`;
    this.#type = knownType(event.type);
    this.#table = tableOf.get(this.#type) ?? singleTable;
    this.#discards = new EventDiscards(this.#id);
    this.#common = commonCells(event, this.#id, this.#table, rules, this.#discards);
    this.#ofSource = sourceCells(source, rules);
  }

  single(): EventRows | TooWide {
    const cells = new Cells(this.#rules.shapes);
    const type = this.#type;
    const { event, name } = this.#event;
    addText(cells, "type", type);
    addText(cells, "event", type === "track" ? event : name);
    this.#whole(cells);
    return this.#result([this.#row(singleTable, [this.#common, this.#ofSource, cells])], undefined);
  }

  tables(): EventRows | TooWide {
    const { jsonPaths } = this.#options;
    const sections = new Sections(this.#type, this.#table, this.#rules, jsonPaths, this.#discards);
    sections.others.push(this.#common, this.#ofSource);
    const context = sections.context(this.#event.context);
    const type = this.#type;
    if (type === "track") return this.#track(context, sections);
    if (type === "identify") return this.#identify(context, sections);
    const own = new Cells(this.#rules.shapes);
    const { name, properties, traits, groupId, previousId } = this.#event;
    if (type === "page" || type === "screen") {
      addText(own, "name", textOf(name) ?? (properties as { name?: unknown } | null | undefined)?.name);
      this.#whole(own);
      sections.flatten(own, properties, "properties");
    } else {
      if (type === "group") addText(own, "group_id", groupId);
      else addText(own, "previous_id", previousId);
      this.#whole(own);
      sections.flatten(own, traits, "traits");
    }
    return this.#result([this.#row(this.#table, [this.#common, this.#ofSource, context, own])], undefined);
  }

  #track(context: Cells, sections: Sections): EventRows | TooWide {
    const { event, properties } = this.#event;
    const sent = textOf(event) ?? "";
    const isName = typeof event !== "object";
    const name = isName ? this.#rules.names.full(sent) : undefined;
    const ofName = nameCells(name, sent, this.#rules);
    const head = [this.#common, this.#ofSource, context, ofName];
    if (this.#keepsWhole) {
      const whole = new Cells(this.#rules.shapes);
      this.#whole(whole);
      head.push(whole);
    }
    const tracks = this.#row(this.#table, head);
    if (name === undefined) {
      // The name had something in it, so the properties were meant for a table that cannot be
      // named.
      if (sent !== "") {
        if (!isName) this.#discards.add(this.#table, "event", sent, "name");
        sections.discard(properties, "properties");
      }
      return this.#result([tracks], undefined);
    }
    const table = eventTable(name);
    sections.table = table;
    sections.others.push(ofName);
    const ofProperties = new Cells(this.#rules.shapes);
    sections.flatten(ofProperties, properties, "properties");
    const row = this.#row(table, [...head, ofProperties]);
    return this.#result(this.#options.skipTracks ? [row] : [tracks, row], undefined);
  }

  #identify(context: Cells, sections: Sections): EventRows | TooWide {
    const { traits, userId } = this.#event;
    const whole = new Cells(this.#rules.shapes);
    this.#whole(whole);
    const ofTraits = new Cells(this.#rules.shapes);
    sections.flatten(ofTraits, traits, "traits");
    const parts = [context, whole, ofTraits];
    const ofUser = [context, ofTraits];
    if (this.#rules.contextTraits) {
      const sent = (this.#event.context as { traits?: unknown } | null | undefined)?.traits;
      const ofContext = sections.contextTraits(sent, ofTraits);
      parts.push(ofContext);
      ofUser.push(ofContext);
    }
    const row = this.#row(this.#table, [this.#common, this.#ofSource, ...parts]);
    const user = textOf(userId);
    if (this.#options.skipUsers || user === undefined || isBlank(user)) return this.#result([row], undefined);
    const head = userCells(user, this.#common, this.#rules);
    return this.#result([row], { table: usersTable, id: user, parts: [head, this.#ofSource, ...ofUser] });
  }

  #row(table: string, parts: readonly Cells[]): Row {
    return { table, id: this.#id, parts };
  }

  #result(rows: readonly Row[], user: Row | undefined): EventRows | TooWide {
    let columns = 0;
    for (const { parts } of rows) {
      let sum = 0;
      for (const { values } of parts) sum += values.length;
      columns = Math.max(columns, sum);
    }
    if (columns > this.#rules.maxColumns) return { columns };
    return { receivedAt: this.#event.receivedAt, rows, user, discards: this.#discards.list };
  }

  get #keepsWhole(): boolean {
    return this.#rules.rudderEvent || this.#rules.layout === "single";
  }

  #whole(cells: Cells): void {
    if (this.#keepsWhole) cells.add("rudder_event", jsonText(this.#event), "json");
  }
}
