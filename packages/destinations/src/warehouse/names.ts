import type { Dialect } from "./dialect.ts";

/** How names are made. */
export interface NameRules {
  readonly dialect: Dialect;
  /** Whether digits stand apart from letters: `v2` becomes `v_2`. */
  readonly underscoreDivideNumbers: boolean;
}

/** Runs of ASCII letters and digits, cut where snake case cuts: `fooBar`, `foo2Bar`, `HTTPRequest`. */
const words = /[A-Z]+(?![a-z])(?:[0-9][a-z0-9]*)?|[A-Z]?[a-z][a-z0-9]*|[0-9][a-z0-9]*/g;
const dividedWords = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g;
const alreadyFits = /^_*[a-z](?:[a-z]|_(?=[a-z]))*$/;

/**
 * A text in the form of a name: ASCII letters and digits in snake case, leading underscores kept, a leading digit behind `_`.
 * `undefined` when nothing is left of it.
 */
export function snakeCase(text: string, underscoreDivideNumbers: boolean): string | undefined {
  if (alreadyFits.test(text)) return text;
  const parts = text.match(underscoreDivideNumbers ? dividedWords : words);
  if (parts === null) return undefined;
  const name = parts.join("_").toLowerCase();
  const underscores = /^_*/.exec(text)![0];
  return underscores === "" && /^[0-9]/.test(name) ? `_${name}` : underscores + name;
}

/** Names that were made are kept, as many as this: the same few hundred keys come with every event. */
const mostKept = 10_000;

/** Makes names of columns, tables and schemas for one database. `undefined` means that nothing is left of a text. */
export class Names {
  readonly column: (text: string) => string | undefined;
  readonly table: (text: string) => string | undefined;
  readonly schema: (text: string) => string | undefined;

  constructor({ dialect, underscoreDivideNumbers }: NameRules) {
    const maker = (isReserved: (name: string) => boolean) =>
      remembering((text) => {
        const name = snakeCase(text, underscoreDivideNumbers);
        if (name === undefined) return undefined;
        const cut = name.slice(0, dialect.maxNameBytes);
        return isReserved(cut) ? `_${cut}`.slice(0, dialect.maxNameBytes) : cut;
      });
    this.column = maker(dialect.isReservedColumn);
    this.table = maker((name) => ownTables.has(name) || dialect.isReservedTable(name));
    this.schema = maker(dialect.isReservedSchema);
  }
}

/** Tables that no event name may take. */
const ownTables: ReadonlySet<string> = new Set([
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

function remembering(make: (text: string) => string | undefined): (text: string) => string | undefined {
  const kept = new Map<string, string | undefined>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined || kept.has(text)) return known;
    const made = make(text);
    // Keys can be data (a map from product to price): what was kept is thrown away as a whole rather than grow.
    if (kept.size >= mostKept) kept.clear();
    kept.set(text, made);
    return made;
  };
}
