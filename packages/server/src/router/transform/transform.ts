import { parseJson, stringifyJson } from "@pintle/events";
import type { Transform, TransformContext, TransformEvent } from "../../model/transform.ts";

/**
 * Takes what came of one event, piece by piece: `item`s are followed by an `end`, or by `failed`,
 * which takes them back.
 */
export type Give = (kind: "one" | "item" | "end" | "filtered" | "failed", text: string) => void;

/**
 * What one event may become. More is nobody's intention, and would fill the memory of whoever sends
 * it.
 */
export const mostResults = 10_000;
/** Bytes of one event that a transformation gives, as JSON. */
export const mostResultBytes: number = 16 << 20;
/** Bytes of all that it gives for one event. */
export const mostResultsBytes: number = 128 << 20;

// As they are before the owner's module is there, which may replace them.
const { isArray } = Array;
const { byteLength } = Buffer;

/**
 * Calls a transformation and gives what it makes of the event, each result as JSON. A result is
 * given before the next one is made into JSON: what fits singly need not fit together. Gives
 * whether the process is fit for another event: by a promise only if there is one to wait for,
 * which saves a turn for each event.
 */
export function applyTransform(
  transform: Transform,
  json: string,
  context: TransformContext,
  give: Give,
): boolean | Promise<boolean> {
  spoilt();
  try {
    const result: unknown = transform(parseJson(json) as TransformEvent, context);
    return isThenable(result) ? giveLater(result, give) : giveResult(result, give);
  } catch (error) {
    give("failed", describe(error));
    return true;
  }
}

function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof result === "object" && result !== null && typeof (result as { then?: unknown }).then === "function";
}

async function giveLater(result: PromiseLike<unknown>, give: Give): Promise<boolean> {
  try {
    return giveResult(await result, give);
  } catch (error) {
    give("failed", describe(error));
    return true;
  }
}

function giveResult(result: unknown, give: Give): boolean {
  const name = spoilt();
  if (name !== undefined) {
    give("failed", `it changed toJSON of ${name}.prototype, which changes the JSON of every event`);
    return false;
  }
  if (!isArray(result)) {
    if (result === null) give("filtered", "");
    else give("one", jsonOf(result));
    return true;
  }
  const { length } = result;
  if (length > mostResults) throw new RangeError(`it gave ${length} events; ${mostResults} are the most`);
  for (let at = 0; at < length; at++) give("item", jsonOf(result[at]));
  if (length === 0) give("filtered", "");
  else give("end", `${length}`);
  return true;
}

const { getOwnPropertyDescriptor } = Object;
const { toString: getTag } = Object.prototype;
/** The prototypes whose `toJSON` decides what JSON every event is. (A bigint's is ours.) */
const shared = [Object, Array, String, Number, Boolean].map(({ name, prototype }) => ({ name, prototype }));
/**
 * What each of them has at the first event: of a module that was imported, it is what the owner
 * wants.
 */
let known: readonly unknown[] | undefined;

/**
 * Finds the one that has another `toJSON` now: from then on nothing that the process gives is what
 * was meant.
 */
function spoilt(): string | undefined {
  known ??= shared.map(({ prototype }) => getOwnPropertyDescriptor(prototype, "toJSON")?.value);
  for (let at = 0; at < shared.length; at++) {
    const { name, prototype } = shared[at]!;
    if (getOwnPropertyDescriptor(prototype, "toJSON")?.value !== known[at]) return name;
  }
  return undefined;
}

function jsonOf(result: unknown): string {
  const json: unknown = typeof result === "object" && result !== null && !isArray(result) ? stringifyJson(result) : "";
  // What is empty says nothing: `Map`, `Set`, `Error` and generators become that.
  if (typeof json === "string" && json[0] === "{" && json !== "{}") {
    if (json.length * 3 <= mostResultBytes) return json;
    const bytes = byteLength(json);
    if (bytes <= mostResultBytes) return json;
    throw new RangeError(`it gave an event of ${bytes} bytes; ${mostResultBytes} are the most`);
  }
  throw new TypeError(`it gave ${nameOf(result)}; it has to return an event, a list of events, or null`);
}

function nameOf(result: unknown): string {
  if (result === undefined) return "nothing";
  if (isArray(result)) return "a list within a list";
  if (typeof result === "object" && result !== null) {
    if (typeof (result as { toJSON?: unknown }).toJSON === "function") return "an object whose toJSON gives no object";
    const kind = getTag.call(result).slice(8, -1);
    return kind === "Object" ? "an empty object" : `an object of the kind ${kind}, which is empty as JSON`;
  }
  return typeof result === "function" ? "a function" : (stringifyJson(result) ?? typeof result).slice(0, 100);
}

/** One line, with the place in the configuration where one can be found. */
function describe(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
    const place = error instanceof Error ? /\bat .*?([^/\\() ]+:\d+:\d+)\)?$/m.exec(error.stack ?? "")?.[1] : undefined;
    const line = text.replaceAll(/\s+/g, " ").slice(0, 400);
    return place === undefined || place.startsWith("transform.") ? line : `${line} (${place})`;
  } catch {
    return "threw what cannot be shown";
  }
}
