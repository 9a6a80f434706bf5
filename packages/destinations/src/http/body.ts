import { stringifyJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { mapped, refuse, type TemplateScope } from "@pintle/kit";
import { formOf } from "./form.ts";
import type { FormatOptions } from "./format.ts";
import type { RequestPlan } from "./plan.ts";
import type { HttpSettings } from "./settings.ts";
import { xmlOf } from "./xml.ts";

/** A body of more bytes is no longer an event that an API takes. */
const mostBytes = 10_000_000;

/** What the `content-type` header says of each format. */
export const contentTypes: Readonly<Record<HttpSettings["format"], string>> = {
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  xml: "application/xml",
  ndjson: "application/x-ndjson",
};

/** A body, and what of the events it could not carry. */
export interface MadeBody {
  readonly text: string;
  readonly adjusted: readonly (readonly [position: number, reason: string, detail: string])[];
}

/**
 * The body of a request for these events.
 *
 * @throws EventRefusal `missing_value` where a mapping that is one path finds nothing,
 * `invalid_value` for what the format cannot have as a whole, `too_large` over 10 MB
 */
export function bodyOf(
  events: readonly DeliveredEvent[],
  scopes: readonly TemplateScope[],
  settings: HttpSettings,
  plan: RequestPlan,
): MadeBody {
  const { format, batch, xmlRoot } = settings;
  const values = events.map((event, position) => valueFor(event, scopes[position]!, plan));
  const adjusted: [number, string, string][] = [];
  const options: FormatOptions = {
    declared: plan.declared,
    changed: (reason, where) => adjusted.push([0, reason, where]),
  };
  const write = (): string => {
    if (format === "form") return formOf(asObject(values[0], format), options);
    if (format === "xml") return xmlOf(xmlRoot, asObject(values[0], format), options);
    if (format === "ndjson") return values.map((value) => `${stringifyJson(value)}\n`).join("");
    if (batch === undefined) return stringifyJson(values[0]);
    const { wrap = "array" } = batch;
    return stringifyJson(wrap === "array" ? values : Object.fromEntries([[wrap, values]]));
  };
  const text = write();
  const size = Buffer.byteLength(text);
  if (size > mostBytes) throw refuse("too_large", `the body has ${size} bytes, and at most ${mostBytes} are sent`);
  return { text, adjusted };
}

function valueFor(event: DeliveredEvent, scope: TemplateScope, { body }: RequestPlan): unknown {
  if (body === undefined) return event;
  const value = mapped(body, scope);
  if (value === undefined) throw refuse("missing_value", "body");
  return value;
}

function asObject(value: unknown, format: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw refuse("invalid_value", `body: in the format ${format} it is an object`);
}
