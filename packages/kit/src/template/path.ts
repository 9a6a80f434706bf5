/** Stands for each item of a list: `[*]`. */
const eachItem: unique symbol = Symbol("[*]");

type PathStep = string | number | typeof eachItem;

/** The way to a value within another, as `properties.products[0].sku` writes it. */
export type FieldPath = readonly PathStep[];

/** A path as far as a text could be read, and what is wrong with the rest. */
export interface PathReading {
  readonly path: FieldPath;
  /** Where the path ends in the text. */
  readonly end: number;
}

// The names that stand without quotes: what people call fields. A digit may come first, so that
// `products.0.sku` is a path, too.
const bareName = /[\p{L}\p{N}_$-]+/uy;
const position = /\[(\d{1,9})\]/y;
const everyItem = /\[\*\]/y;
const quotedName = /\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/sy;

/**
 * Reads a path that begins at `start`: `.name`, `[0]`, `[*]`, `['any name']`, one after the other.
 * It ends where none of them follows.
 *
 * @param isBare whether the first name stands without a dot before it
 */
export function readPath(text: string, start: number, isBare = false): PathReading {
  const path: PathStep[] = [];
  let end = start;
  const take = (pattern: RegExp, from: number): RegExpExecArray | null => {
    pattern.lastIndex = from;
    const found = pattern.exec(text);
    if (found !== null) end = pattern.lastIndex;
    return found;
  };
  const first = isBare ? take(bareName, start) : null;
  if (first !== null) path.push(first[0]);
  for (;;) {
    const name = text[end] === "." ? take(bareName, end + 1) : take(quotedName, end);
    const index = name === null ? take(position, end) : null;
    if (name !== null) path.push(nameIn(name));
    else if (index !== null) path.push(Number(index[1]));
    else if (take(everyItem, end) !== null) path.push(eachItem);
    else return { path, end };
  }
}

function nameIn([bare, single, double]: RegExpExecArray): string {
  return (single ?? double ?? bare).replace(/\\(.)/gs, "$1");
}

/**
 * The value at a path. Only own properties are found, not inherited ones. With `[*]` it is the list
 * of the values found, without `null`; `undefined` if that would be empty.
 */
export function valueAt(path: FieldPath, root: unknown): unknown {
  if (!path.includes(eachItem)) return path.reduce(stepInto, root);
  let found: unknown[] = [root];
  for (const step of path) {
    found =
      step === eachItem
        ? found.flatMap((value) => (Array.isArray(value) ? value : []))
        : found.map((value) => stepInto(value, step));
  }
  const there = found.filter((value) => value !== undefined && value !== null);
  return there.length === 0 ? undefined : there;
}

function stepInto(value: unknown, step: PathStep): unknown {
  if (typeof value !== "object" || value === null || typeof step === "symbol") return undefined;
  // A list has its items, and nothing else that an event could hold.
  if (Array.isArray(value)) return /^\d+$/.test(String(step)) ? value[Number(step)] : undefined;
  return Object.hasOwn(value, step) ? (value as Readonly<Record<string | number, unknown>>)[step] : undefined;
}
