// As it is before the program has run, which may replace it.
const { stringify } = JSON;

/**
 * `JSON.stringify`, which throws on a `bigint`, with the digits of one as a number: what {@link
 * parseJson} reads comes out as it went in.
 *
 * @param space indentation, as for `JSON.stringify`
 */
export function stringifyJson(value: unknown, space?: number): string {
  const toJson = bigIntToJson();
  const before = toJson?.[timesUsed];
  // Somebody else's toJSON gives anything, and does not say that it was called.
  if (toJson === undefined || before !== undefined) {
    try {
      const json = stringify(value, undefined, space);
      if (toJson?.[timesUsed] === before) return json;
    } catch (error) {
      // "Do not know how to serialize a BigInt", or what other engines say.
      if (!(error instanceof TypeError && error.message.includes("BigInt"))) throw error;
    }
  }
  return write(value, "", "", " ".repeat(space ?? 0)) as string;
}

/** The JSON of a value by hand, or `undefined` for what JSON leaves out. */
function write(given: unknown, key: string, margin: string, step: string): string | undefined {
  const value = typeof given === "object" && given !== null ? replaced(given, key) : given;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || isBoxed(value)) return stringify(value);
  const inner = margin + step;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => write(item, String(index), inner, step) ?? "null");
    return enclosed("[", items, "]", margin, step);
  }
  const colon = step === "" ? ":" : ": ";
  const members: string[] = [];
  for (const name of Object.keys(value)) {
    const json = write((value as Record<string, unknown>)[name], name, inner, step);
    if (json !== undefined) members.push(stringify(name) + colon + json);
  }
  return enclosed("{", members, "}", margin, step);
}

function replaced(value: object, key: string): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, key) : value;
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean;
}

function enclosed(open: string, parts: readonly string[], close: string, margin: string, step: string): string {
  if (step === "" || parts.length === 0) return open + parts.join(",") + close;
  const line = `\n${margin}${step}`;
  return `${open}${line}${parts.join(`,${line}`)}\n${margin}${close}`;
}

/**
 * Counts the calls that gave a text. A registered symbol, since a program may hold several copies
 * of this module.
 */
const timesUsed: unique symbol = Symbol.for("pintle.bigint.toJSON") as typeof timesUsed;

interface BigIntToJson {
  (this: bigint): unknown;
  [timesUsed]?: number;
}

function bigIntToJson(): BigIntToJson | undefined {
  return (BigInt.prototype as { toJSON?: BigIntToJson }).toJSON;
}

/**
 * Lets `JSON.stringify` take a `bigint`, for code of others that knows nothing of them: as a number
 * with all its digits where the runtime can write one (`JSON.rawJSON`, from Node 22 on), else as
 * text. Changes `BigInt.prototype` of this thread, unless it has a `toJSON` already.
 */
export function letJsonTakeBigInt(): void {
  if (bigIntToJson() !== undefined) return;
  const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
  const toJSON: BigIntToJson = function () {
    if (rawJSON !== undefined) return rawJSON(this.toString());
    toJSON[timesUsed]!++;
    return this.toString();
  };
  toJSON[timesUsed] = 0;
  Object.defineProperty(BigInt.prototype, "toJSON", { value: toJSON, configurable: true, writable: true });
}
