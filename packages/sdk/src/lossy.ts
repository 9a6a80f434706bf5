/** A value that arrives as something else, or not at all. */
export interface Loss {
  /** Where it is, for example `properties.tags[0]`. */
  readonly path: string;
  /** What it is, for example `a Map`. */
  readonly kind: string;
  /** What becomes of it. */
  readonly fate: string;
}

/** What has fields of its own and is something else, or would be empty. Others of the platform have no fields, and are told by that. */
const neverPlain = /^(?:Error|.*Array|ArrayBuffer|DataView|Map|Set|WeakMap|WeakSet|WeakRef|Promise|RegExp)$/;

/**
 * What JSON drops or changes in the fields of a message that has been encoded: of values JavaScript has more than JSON. What is undefined is
 * left out as documented, and what has a `toJSON` says itself what it becomes.
 */
export function* findLosses(fields: object, path = ""): Generator<Loss, void> {
  for (const [name, value] of Object.entries(fields))
    yield* lossesIn(value, path === "" ? name : `${path}.${name}`, false);
  const [symbol] = Object.getOwnPropertySymbols(fields);
  if (symbol !== undefined) yield { path: `${path}[${String(symbol)}]`, kind: "named by a symbol", fate: "left out" };
}

/** Fields of a message that are not sent. */
export function* findUnknownFields(given: object, known: object): Generator<Loss, void> {
  for (const field of Object.keys(given)) {
    if (!Object.hasOwn(known, field)) yield { path: field, kind: "no field of a message", fate: "left out" };
  }
}

function* lossesIn(value: unknown, path: string, isInList: boolean): Generator<Loss, void> {
  const kind = kindOf(value);
  if (kind !== undefined) {
    if (value === undefined && !isInList) return;
    const isObject = typeof value === "object" && Object.prototype.toString.call(value) !== "[object Date]";
    const isDropped = !isInList && (typeof value === "function" || typeof value === "symbol");
    const fate = isDropped ? "left out" : isObject ? "sent as what JSON makes of its fields" : "sent as null";
    yield { path, kind, fate };
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    const encoded: unknown = toJSON.call(value);
    if (encoded !== value && !(value instanceof Date)) yield* lossesIn(encoded, path, isInList);
    if (encoded !== value) return;
  }
  if (!Array.isArray(value)) yield* findLosses(value, path);
  // Not by an iterator, which may be anything; and a hole is undefined, too.
  else for (let at = 0; at < value.length; at++) yield* lossesIn(value[at], `${path}[${at}]`, true);
}

/** What a value is that JSON has no form for; `undefined` for all others. */
function kindOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : String(value);
    case "undefined":
    case "function":
    case "symbol":
      return value === undefined ? "undefined" : `a ${typeof value}`;
    case "object": {
      if (value === null || Array.isArray(value)) return undefined;
      const tag = Object.prototype.toString.call(value).slice(8, -1);
      if (tag === "Date") return Number.isNaN(Number(value)) ? "an invalid Date" : undefined;
      if (
        /^(?:Object|String|Number|Boolean)$/.test(tag) ||
        typeof (value as { toJSON?: unknown }).toJSON === "function"
      )
        return undefined;
      const name = value instanceof Error ? "Error" : tag;
      if (!neverPlain.test(name) && Object.keys(value).length > 0) return undefined;
      return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
    }
    default:
      return undefined;
  }
}
