import type { Message } from "@pintle/events";
import { hasFields } from "./has-fields.ts";

/** A value that arrives as something else, or not at all. */
export interface Loss {
  /** What it is, for example `a Map`. */
  readonly kind: string;
  /** Where it is, what it is, and what becomes of it. */
  readonly text: string;
}

const leftOut = "left out";

/**
 * What has fields of its own and is something else, or would be empty. Others of the platform have
 * no fields, and are told by that.
 */
const neverPlain = /^(?:Error|.*Array|ArrayBuffer|DataView|Map|Set|WeakMap|WeakSet|WeakRef|Promise|RegExp)$/;

/**
 * What JSON drops or changes of a message that has been encoded: of values JavaScript has more than
 * JSON. What is undefined is left out as documented, and what has a `toJSON` says itself what it
 * becomes.
 *
 * @param given the message of the call, whose fields may be any
 */
export function* lossesOf(message: Message, given?: unknown): Generator<Loss, void> {
  if (hasFields(given)) {
    for (const field of Object.keys(given)) {
      if (!Object.hasOwn(message, field)) yield loss(`${message.type}: ${field}`, "no field of a message", leftOut);
    }
  }
  for (const part of ["properties", "traits", "context", "integrations"]) {
    const value: unknown = Reflect.get(message, part);
    // What a list or a text has is looked at as fields, too: it is no value of its own here.
    if (hasFields(value)) yield* inFields(value, `${message.type}: ${part}`);
  }
}

function loss(path: string, kind: string, fate: string): Loss {
  return { kind, text: `${path} is ${kind}, ${fate}` };
}

function* inFields(fields: object, path: string): Generator<Loss, void> {
  for (const [name, value] of Object.entries(fields)) yield* inValue(value, `${path}.${name}`);
  const [symbol] = Object.getOwnPropertySymbols(fields);
  if (symbol !== undefined) yield loss(`${path}[${String(symbol)}]`, "named by a symbol", leftOut);
}

function* inValue(value: unknown, path: string, isInList = false): Generator<Loss, void> {
  const kind = kindOf(value);
  if (kind !== undefined) {
    if (value !== undefined || isInList) yield loss(path, kind, fateOf(value, isInList));
    return;
  }
  if (!hasFields(value)) return;
  if (typeof value.toJSON === "function") {
    const encoded: unknown = value.toJSON();
    if (encoded !== value && !(value instanceof Date)) yield* inValue(encoded, path, isInList);
    if (encoded !== value) return;
  }
  if (!Array.isArray(value)) yield* inFields(value, path);
  // Not by an iterator, which may be anything; and a hole is undefined, too.
  else for (let at = 0; at < value.length; at++) yield* inValue(value[at], `${path}[${at}]`, true);
}

function fateOf(value: unknown, isInList: boolean): string {
  if (hasFields(value) && tagOf(value) !== "Date") return "sent as what JSON makes of its fields";
  return isInList || typeof value === "number" || hasFields(value) ? "sent as null" : leftOut;
}

/** What a value is that JSON has no form for; `undefined` for all others. */
function kindOf(value: unknown): string | undefined {
  if (value === undefined) return "undefined";
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (!hasFields(value) || Array.isArray(value)) return undefined;
  const tag = tagOf(value);
  if (tag === "Date") return Number.isNaN(Number(value)) ? "an invalid Date" : undefined;
  if (/^(?:Object|String|Number|Boolean)$/.test(tag) || typeof value.toJSON === "function") return undefined;
  const name = value instanceof Error ? "Error" : tag;
  if (!neverPlain.test(name) && Object.keys(value).length > 0) return undefined;
  return `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
