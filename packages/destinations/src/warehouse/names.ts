import type { Dialect } from "./dialect.ts";

/** How names are made. */
export interface NameRules {
  readonly dialect: Dialect;
  /** Whether digits stand apart from letters: `v2` becomes `v_2`. */
  readonly underscoreDivideNumbers: boolean;
}

/**
 * The words of a run of ASCII letters and digits: docs/warehouse.md has them as a table of states.
 * An alternative for each way through it: a number with the letters that follow; capitals, but for
 * the one that begins a word of small letters; small letters.
 */
const words = /[0-9]+(?:[A-Z]?[a-z]+|[A-Z]*)[0-9]*|[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*/g;
const dividedWords = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g;
const alreadyFits = /^_*[a-z](?:[a-z]|_(?=[a-z]))*$/;

/**
 * A text in the form of a name: ASCII letters and digits in snake case, leading underscores kept, a
 * leading digit behind `_`. `undefined` when nothing is left of it.
 */
export function snakeCase(text: string, underscoreDivideNumbers: boolean): string | undefined {
  if (alreadyFits.test(text)) return text;
  const parts = text.match(underscoreDivideNumbers ? dividedWords : words);
  if (parts === null) return undefined;
  const name = parts.join("_").toLowerCase();
  const underscores = /^_*/.exec(text)![0];
  return underscores === "" && /^[0-9]/.test(name) ? `_${name}` : underscores + name;
}

/**
 * Names that were made are kept, as many as this: the same few hundred keys come with every event.
 */
const mostKept = 10_000;

/**
 * Makes names for one database. `undefined` means that nothing is left of a text. Those of columns
 * and events are full names: whether they are too long for the database or reserved there is for
 * `placeOf` to mend.
 */
export class Names {
  /** The full name of a column, or of an event. */
  readonly full: (text: string) => string | undefined;
  /** Gives the name of a schema in the database. */
  readonly schema: (text: string) => string | undefined;

  constructor({ dialect, underscoreDivideNumbers }: NameRules) {
    this.full = remembering((text) => snakeCase(text, underscoreDivideNumbers));
    this.schema = remembering((text) => {
      const cut = snakeCase(text, underscoreDivideNumbers)?.slice(0, dialect.maxNameBytes);
      return cut !== undefined && dialect.isReservedSchema(cut) ? `_${cut}`.slice(0, dialect.maxNameBytes) : cut;
    });
  }
}

/** Tables that no event name may take. */
export const ownTables: ReadonlySet<string> = new Set([
  "tracks",
  "pages",
  "screens",
  "aliases",
  "groups",
  "accounts",
  "users",
  "identifies",
  "rudder_discards",
]);

/** The full name of the table of an event. */
export function eventTable(event: string): string {
  return ownTables.has(event) ? `_${event}` : event;
}

function remembering(make: (text: string) => string | undefined): (text: string) => string | undefined {
  const kept = new Map<string, string | undefined>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined || kept.has(text)) return known;
    const made = make(text);
    // Keys can be data (a map from product to price): what was kept is thrown away as a whole
    // rather than grow.
    if (kept.size >= mostKept) kept.clear();
    kept.set(text, made);
    return made;
  };
}
