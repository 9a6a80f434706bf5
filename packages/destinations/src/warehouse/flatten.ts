import { cleanText, jsonText, textByIndex } from "./text.ts";
import { type RowValue, typeOf, type ValueType } from "./types.ts";

/** Size of the cache of keys: every event has the same few hundred. */
const mostKeys = 10_000;

/**
 * The path of keys to a value. Equal paths are the same object, so that anything derived from them,
 * above all the column name, is computed once. Joining the keys and looking up the result for each
 * value of each event took most of the time of flattening.
 */
export class KeyPath {
  /** The keys, joined by `_`. */
  readonly joined: string;
  /** The column, kept for the caller; `null` when nothing is left of the keys. */
  column: string | null | undefined;
  readonly isRoot: boolean;
  readonly #tree: KeyTree;
  readonly #prefix: string;
  readonly #next = new Map<string, KeyPath>();

  /** @param joined `undefined` for the beginning of all paths */
  constructor(tree: KeyTree, joined?: string) {
    this.#tree = tree;
    this.isRoot = joined === undefined;
    this.#prefix = joined === undefined ? "" : `${joined}_`;
    this.joined = joined ?? "";
  }

  with(key: string): KeyPath {
    let path = this.#next.get(key);
    if (path === undefined) {
      path = new KeyPath(this.#tree, this.#prefix + key);
      // Counted before it is stored: the tree may be reset, and this path then lives on by itself.
      this.#tree.grown();
      this.#next.set(key, path);
    }
    return path;
  }
}

/**
 * All paths of one kind of object. Keys can be data (a map from product to price), so the tree is
 * reset when there are too many.
 */
export class KeyTree {
  #root: KeyPath = new KeyPath(this);
  #count = 0;

  get root(): KeyPath {
    return this.#root;
  }

  /** @internal */
  grown(): void {
    this.#count++;
    if (this.#count < mostKeys) return;
    this.#root = new KeyPath(this);
    this.#count = 0;
  }
}

/** Takes each leaf: its path and its value. */
export type Leaf = (path: KeyPath, value: RowValue, type: ValueType) => void;

/**
 * Flattens an object: nested objects by their keys, arrays as JSON text, a text that was spread
 * into an object as that text. `null`, empty texts, objects and arrays are left out. Keys keep
 * their order. An array, or a text, in the place of the whole object is a leaf at `path` itself.
 *
 * @param jsonKeys joined keys whose value becomes JSON as a whole
 */
export function flatten(value: object, path: KeyPath, jsonKeys: ReadonlySet<string> | undefined, leaf: Leaf): void {
  // `__proto__` is an own key where a client sent it, and `Object.keys` lists it.
  const keys = Object.keys(value);
  const [first] = keys;
  if (first === undefined) return;
  if (jsonKeys?.has(path.joined) === true) leaf(path, jsonText(value), "json");
  else if (Array.isArray(value)) leaf(path, jsonText(value), "array");
  else {
    // Checked here first, because it settles nearly every object.
    const text = first === "0" || first === "1" ? textByIndex(value) : undefined;
    if (text === undefined) flattenKeys(value, keys, path, jsonKeys, leaf);
    else putText(text, path, leaf);
  }
}

function flattenKeys(
  value: object,
  keys: readonly string[],
  path: KeyPath,
  jsonKeys: ReadonlySet<string> | undefined,
  leaf: Leaf,
): void {
  for (const key of keys) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === null || inner === undefined || inner === "") continue;
    const at = path.with(key);
    if (typeof inner === "object") flatten(inner, at, jsonKeys, leaf);
    else if (jsonKeys?.has(at.joined) === true) leaf(at, jsonText(inner), "json");
    else if (typeof inner === "string") putText(inner, at, leaf);
    else leaf(at, inner as RowValue, typeOf(inner as RowValue));
  }
}

function putText(sent: string, path: KeyPath, leaf: Leaf): void {
  const text = cleanText(sent);
  if (text !== "") leaf(path, text, typeOf(text));
}
