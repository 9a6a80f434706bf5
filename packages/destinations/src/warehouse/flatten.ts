import { type Scalar, typeOf, type ValueType } from "./types.ts";

/** Keys that were seen are kept, as many as this: the same few hundred come with every event. */
const mostKeys = 10_000;

/**
 * The keys on the way to a value. The same keys are the same object, so that what is made of them, first of all the name of a column, is made
 * once: to join them, and to look up what was joined, for each value of each event took most of the time of flattening.
 */
export class KeyPath {
  /** The keys, joined by `_`. */
  readonly joined: string;
  /** Kept for who uses it; `null` when nothing is left of the keys. */
  column: string | null | undefined;
  readonly #tree: KeyTree;
  readonly #prefix: string;
  readonly #next = new Map<string, KeyPath>();

  /** @param joined `undefined` for the beginning of all paths */
  constructor(tree: KeyTree, joined?: string) {
    this.#tree = tree;
    this.#prefix = joined === undefined ? "" : `${joined}_`;
    this.joined = joined ?? "";
  }

  with(key: string): KeyPath {
    let path = this.#next.get(key);
    if (path === undefined) {
      path = new KeyPath(this.#tree, this.#prefix + key);
      // Before it is remembered: the tree may begin anew, and this path goes on by itself.
      this.#tree.grown();
      this.#next.set(key, path);
    }
    return path;
  }
}

/** All paths of one kind of object. Keys can be data (a map from product to price): when there are too many the tree begins anew. */
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

/** Told of each leaf: the keys on the way to it, and its value. */
export type Leaf = (path: KeyPath, value: Scalar, type: ValueType) => void;

/**
 * Flattens an object: nested objects by their keys, arrays as JSON text. `null`, empty texts, objects and arrays are left
 * out. Keys keep their order.
 *
 * @param jsonKeys joined keys whose value becomes JSON as a whole
 */
export function flatten(value: unknown, path: KeyPath, jsonKeys: ReadonlySet<string> | undefined, leaf: Leaf): void {
  if (typeof value !== "object" || value === null) return;
  // `__proto__` is an own key where a client sent it, and `Object.keys` lists it.
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (isEmpty(inner)) continue;
    const at = path.with(key);
    if (jsonKeys?.has(at.joined) === true) leaf(at, jsonText(inner), "json");
    else if (typeof inner === "object") {
      if (Array.isArray(inner)) leaf(at, jsonText(inner), "array");
      else flatten(inner, at, jsonKeys, leaf);
    } else if (typeof inner === "string") {
      const text = cleanText(inner);
      if (text !== "") leaf(at, text, typeOf(text));
    } else leaf(at, inner as Scalar, typeOf(inner as Scalar));
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (typeof value !== "object") return false;
  for (const _ in value) return false;
  return true;
}

/** A text that databases can store: without U+0000, and with U+FFFD for a lone surrogate. */
export function cleanText(text: string): string {
  const stored = text.includes("\0") ? text.replaceAll("\0", "") : text;
  // Without the flag `u` it is quick, but takes pairs for lone ones.
  return /[\ud800-\udfff]/.test(stored) ? stored.replace(/\p{Surrogate}/gu, "\ufffd") : stored;
}

/** JSON of which every text can be stored. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  // Only where `stringify` wrote an escape that databases refuse.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return text;
  return JSON.stringify(cleaned(value));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  // `fromEntries` defines keys; assigning `__proto__` would not.
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleaned(inner)]));
}
