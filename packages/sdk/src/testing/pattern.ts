import { inspect } from "node:util";

/** Where a value is not as expected. */
export interface Mismatch {
  /** The path, for example `properties.items[1].price`; empty for the value itself. */
  readonly path: string;
  readonly found: unknown;
  readonly expected: unknown;
}

/**
 * The first place in which `found`, a value out of JSON, is not as `expected` says; `undefined`
 * where there is none.
 *
 * - An object names the fields that matter, at any depth; `undefined` in it asks for a field that
 *   is not there.
 * - A list is compared as a whole, item by item.
 * - A Date stands for the text that it is sent as, a regular expression for any text that it
 *   matches.
 * - A function is asked: it returns whether it likes the value.
 */
export function findMismatch(found: unknown, expected: unknown, path = ""): Mismatch | undefined {
  const mismatch: Mismatch = { path, found, expected };
  if (typeof expected === "function") return expected(found) === true ? undefined : mismatch;
  if (expected instanceof RegExp)
    return typeof found === "string" && found.search(expected) >= 0 ? undefined : mismatch;
  if (expected instanceof Date) return found === expected.toJSON() ? undefined : mismatch;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) return mismatch;
    return first(expected.keys(), (i) => findMismatch(found[i], expected[i], `${path}[${i}]`));
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return mismatch;
    return first(Object.keys(expected), (key) =>
      findMismatch(
        Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined,
        Reflect.get(expected, key),
        path === "" ? key : `${path}.${key}`,
      ),
    );
  }
  return Object.is(found, expected) ? undefined : mismatch;
}

function first<Key>(keys: Iterable<Key>, find: (key: Key) => Mismatch | undefined): Mismatch | undefined {
  for (const key of keys) {
    const mismatch = find(key);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

export function describeMismatch({ path, found, expected }: Mismatch): string {
  const what = typeof expected === "function" ? "the function given does not like it" : `expected ${show(expected)}`;
  return `${path || "it"} is ${show(found)}, ${what}`;
}

export function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY });
}
