import { isObject } from "@pintle/events";
import { SchemaError, TypeWriter } from "./type-writer.ts";

/**
 * A tracking plan as TypeScript, for `new Pintle<Plan>(...)`, from a JSON Schema (draft 7 to
 * 2020-12) for each event:
 *
 * ```json
 * { "Order Completed": { "type": "object", "properties": { "revenue": { "type": "number" } }, "required": ["revenue"] } }
 * ```
 *
 * Schemas that several events share stand in `$defs` (or `definitions`) beside the events and
 * become types of their own. The type is as strict as TypeScript can be: what only a running
 * program can check (`minimum`, `pattern`) is not in it, and properties that a schema does not name
 * are only allowed where it says so (`additionalProperties`), because a misspelt one is to be an
 * error.
 *
 * @throws SchemaError with the path of what cannot be translated
 */
export function planTypes(plan: unknown, name: string, shownAs: string): string {
  if (!isObject(plan)) throw new SchemaError("it is no object with a JSON Schema for each event");
  const definitions = { ...section(plan, "definitions"), ...section(plan, "$defs") };
  const writer = new TypeWriter(definitions, [name]);
  const events = Object.entries(plan).filter(([event]) => !["$defs", "definitions", "$schema", "$id"].includes(event));
  if (events.length === 0) throw new SchemaError("there are no events in it");
  const members = events.map(([event, schema]) => writer.event(event, schema));
  const types = writer.types();
  return [
    `/** The tracking plan. Made by \`pintle types ${shownAs.replaceAll("*/", "*\\/")}\`. */`,
    `export interface ${name} {`,
    ...members,
    "}",
    ...types.flatMap((type) => ["", type]),
  ].join("\n");
}

function section(plan: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = plan[key];
  if (value === undefined) return {};
  if (!isObject(value)) throw new SchemaError(`${key} is no object`);
  return value;
}
