import { letJsonTakeBigInt, parseJson, stringifyJson } from "@pintle/events";

/**
 * Lets `JSON` of this process keep whole numbers, for functions that know nothing of them: a copy
 * by `JSON.parse(JSON.stringify(event))` is the event, to the last digit. `stringify` writes a
 * `bigint` as a number, `parse` reads one where it would round. With a replacer or a reviver they
 * are what they were; the former has a `bigint` as text on Node 20.
 */
export function letJsonKeepDigits(): void {
  letJsonTakeBigInt();
  const { parse, stringify } = JSON;
  const exactParse: typeof parse = (text, reviver) =>
    reviver === undefined && typeof text === "string" ? parseJson(text) : parse(text, reviver);
  function exactStringify(value: unknown, replacer?: unknown, space?: unknown): string {
    const isPlain = (replacer === undefined || replacer === null) && (space === undefined || isIndentation(space));
    return isPlain
      ? stringifyJson(value, space as number | undefined)
      : stringify(value, replacer as null, space as number);
  }
  set("parse", exactParse);
  set("stringify", exactStringify);
}

function set(name: "parse" | "stringify", value: unknown): void {
  Object.defineProperty(JSON, name, { value, configurable: true, writable: true });
}

function isIndentation(space: unknown): boolean {
  return Number.isInteger(space) && (space as number) >= 0 && (space as number) <= 10;
}
