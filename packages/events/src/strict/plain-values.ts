/**
 * What programs give as ids and times in the form in which the rules are about them: texts, numbers
 * and dates. Whatever is none of the kinds below comes out as it went in, and the rules refuse it
 * by name.
 */

/**
 * An id: a BigInt is its digits; what has a `toJSON` that gives a text or a number (MongoDB's
 * ObjectId) is that.
 */
export function plainId(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  const text = typeof value === "object" && value !== null ? call(value, "toJSON") : undefined;
  return typeof text === "string" || typeof text === "number" ? text : value;
}

/**
 * A time: a Date of any realm (of a worker, of Jest, of `structuredClone`) is a Date; what has a
 * `toISOString` (Moment, Day.js) or a `toJSON` (Luxon, Temporal) that gives a text is that text.
 */
export function plainTime(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Object.prototype.toString.call(value) === "[object Date]") return new Date(Number(value));
  const text = call(value, "toISOString") ?? call(value, "toJSON");
  return typeof text === "string" ? text : value;
}

/**
 * What a method without arguments returns; `undefined` where there is none, or it throws, as
 * Moment's and Day.js's do for what is no date.
 */
function call(value: object, method: string): unknown {
  const found: unknown = Reflect.get(value, method);
  if (typeof found !== "function") return undefined;
  try {
    return found.call(value);
  } catch {
    return undefined;
  }
}
