import { type Mapping, readMapping } from "@pintle/kit";
import { keysOf } from "./mapping-keys.ts";
import type { HttpSettings } from "./settings.ts";
import { readUrl, type UrlTemplate } from "./url-template.ts";

/** Settings with everything in them read that stands for something of an event. */
export interface RequestPlan {
  readonly url: UrlTemplate;
  readonly query: readonly (readonly [name: string, value: Mapping])[];
  readonly headers: readonly (readonly [name: string, value: Mapping])[];
  /** `undefined`: the whole event. */
  readonly body: Mapping | undefined;
  /** Every key that the body's mapping has. */
  readonly declared: ReadonlySet<string>;
}

const plans = new WeakMap<HttpSettings, RequestPlan>();

/** The plan of settings that were checked; it is made once for each. */
export function planOf(settings: HttpSettings): RequestPlan {
  let plan = plans.get(settings);
  if (plan === undefined) {
    plan = read(settings);
    plans.set(settings, plan);
  }
  return plan;
}

function read({ url, query, headers, body }: HttpSettings): RequestPlan {
  const template = readUrl(url);
  if (typeof template === "string") throw new TypeError(`url: ${template}`);
  const mapping = body === undefined ? undefined : readSound(body);
  return {
    url: template,
    query: Object.entries(query).map(([name, value]) => [name, readSound(value)]),
    headers: Object.entries(headers).map(([name, value]) => [name, readSound(value)]),
    body: mapping,
    declared: new Set(mapping === undefined ? [] : keysOf(mapping)),
  };
}

/** A mapping in which the settings' schemas have found nothing wrong. */
function readSound(value: unknown): Mapping {
  return readMapping(value, ({ message }) => {
    throw new TypeError(message);
  });
}
