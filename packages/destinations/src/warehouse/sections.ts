import { Cells, type Shape } from "./cells.ts";
import type { EventDiscards } from "./event-discards.ts";
import { fixedColumns } from "./fixed-columns.ts";
import { flatten, type KeyPath, type Leaf } from "./flatten.ts";
import type { JsonPaths } from "./json-paths.ts";
import type { RowRules, Section } from "./row-rules.ts";
import { textOf } from "./text.ts";
import type { RowValue } from "./types.ts";

/**
 * Flattens the sections of one event into columns: each name once, and the columns of the tables'
 * own go before all.
 */
export class Sections {
  /** The table where discards of what is flattened now belong. */
  table: string;
  /** Cells of the row that are not flattened here. */
  readonly others: Cells[] = [];
  readonly #type: string | undefined;
  readonly #rules: RowRules;
  readonly #jsonPaths: JsonPaths;
  readonly #discards: EventDiscards;
  readonly #fixed: ReadonlySet<string>;
  /** The columns of `context`, which win over those of the other sections. */
  #context: Shape | undefined;

  constructor(type: string | undefined, table: string, rules: RowRules, jsonPaths: JsonPaths, discards: EventDiscards) {
    this.#type = type;
    this.table = table;
    this.#rules = rules;
    this.#jsonPaths = jsonPaths;
    this.#discards = discards;
    this.#fixed = fixedColumns(type);
  }

  /**
   * Every key of `context` but the common columns. They have to tell when they collide with each
   * other.
   */
  context(sent: unknown): Cells {
    const cells = new Cells(this.#rules.shapes);
    this.flatten(cells, sent, "context");
    this.#context = cells.shape;
    this.others.push(cells);
    return cells;
  }

  flatten(cells: Cells, sent: unknown, section: Section): void {
    this.#each(section, sent, this.#jsonPaths.keysOf(this.#type, section), (path, value, type) => {
      const name = this.#nameOf(section, path);
      if (name === undefined || isTooLarge(value)) {
        this.#discard(section, path, value, name === undefined ? "name" : "type");
        return;
      }
      const isTaken = this.#isTaken(name);
      if (!isTaken && cells.add(name, value, type)) return;
      // What is in the column all the same is not lost, such as a page's name, which SDKs put into
      // its properties, too.
      if (!isTaken || !this.#has(name, value, cells)) this.#discard(section, path, value, "collision");
    });
  }

  /**
   * The traits of the context, without a prefix. Whatever has the same name wins over them, and
   * nobody misses them: they are there as `context_traits_...`.
   */
  contextTraits(traits: unknown, winners: Cells): Cells {
    const cells = new Cells(this.#rules.shapes);
    if (typeof traits !== "object" || traits === null) return cells;
    const jsonKeys = this.#jsonPaths.keysBelow(this.#type, "context", "traits");
    this.#each("traits", traits, jsonKeys, (path, value, type) => {
      const name = path.isRoot ? undefined : this.#nameOf("traits", path);
      if (name === undefined || isTooLarge(value) || this.#isTaken(name) || winners.shape.has(name)) return;
      cells.add(name, value, type);
    });
    return cells;
  }

  /** Tells of every value of a section that it has no table. */
  discard(sent: unknown, section: Section): void {
    this.#each(section, sent, undefined, (path, value) => this.#discard(section, path, value, "name"));
  }

  /** Flattens a section of the event. What stands in its place and is no object has no column. */
  #each(section: Section, sent: unknown, jsonKeys: ReadonlySet<string> | undefined, leaf: Leaf): void {
    if (typeof sent === "object" && sent !== null) {
      flatten(sent, this.#rules.kept.keys[section].root, jsonKeys, leaf);
      return;
    }
    const text = textOf(sent);
    if (text !== undefined) this.#discards.add(this.table, section, text, "type");
  }

  /** The full name of a column; `undefined` when nothing is left of the keys. */
  #nameOf(section: Section, path: KeyPath): string | undefined {
    if (path.column === undefined) path.column = this.#rules.names.full(rawName(section, path)) ?? null;
    // `user_id` is who the event is of.
    if (path.column === "user_id" && section === "traits" && this.#type === "identify") return "_user_id";
    return path.column ?? undefined;
  }

  #isTaken(name: string): boolean {
    return this.#fixed.has(name) || this.#context?.has(name) === true;
  }

  /** Whether a column of the row has this value. */
  #has(name: string, value: RowValue, own: Cells): boolean {
    return [...this.others, own].some(({ names, values }) => {
      const at = names.indexOf(name);
      return at >= 0 && (values[at] === value || String(values[at]) === String(value));
    });
  }

  #discard(section: Section, path: KeyPath, value: RowValue, reason: "type" | "name" | "collision"): void {
    this.#discards.add(this.table, rawName(section, path), value, reason);
  }
}

/**
 * What becomes the name of a column: the keys on the way to the value, or the section where the
 * value stands in its place.
 */
function rawName(section: Section, { joined, isRoot }: KeyPath): string {
  if (isRoot) return section;
  return section === "context" ? `context_${joined}` : joined;
}

/** JSON has numbers that JavaScript has not, such as 1e400. */
function isTooLarge(value: RowValue): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
