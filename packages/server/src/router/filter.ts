import { messageTypes } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";

/** What becomes of an event before it goes to a destination. */
export type Verdict = "deliver" | "integrations" | "type";

export interface FilterResult {
  /** `deliver`, or the reason why it ends here: `integrations` is filtered, `type` makes a dead letter. */
  readonly verdict: Verdict;
  /** Something in `integrations` has a type that means nothing; it was taken as absent. */
  readonly malformed: boolean;
}

/** The names by which events can address a destination in `integrations`, the stronger one first. */
export interface DestinationNames {
  /** The key under which the configuration lists it. */
  readonly name: string;
  /** The display name of its type. */
  readonly displayName: string;
}

// `merge` is an endpoint of the gateway, which gives its events this type.
const knownTypes: ReadonlySet<unknown> = new Set([...messageTypes, "merge"]);

const results: Readonly<Record<Verdict, readonly [wellFormed: FilterResult, malformed: FilterResult]>> = {
  deliver: [
    { verdict: "deliver", malformed: false },
    { verdict: "deliver", malformed: true },
  ],
  integrations: [
    { verdict: "integrations", malformed: false },
    { verdict: "integrations", malformed: true },
  ],
  type: [
    { verdict: "type", malformed: false },
    { verdict: "type", malformed: true },
  ],
};

/** Decides whether an event of a connected source goes to a destination. Pure. */
export function filterEvent(event: DeliveredEvent, names: DestinationNames): FilterResult {
  if (!knownTypes.has(event.type)) return results.type[0];
  const { integrations } = event;
  if (integrations === undefined || integrations === null) return results.deliver[0];
  if (typeof integrations !== "object" || Array.isArray(integrations)) return results.deliver[1];

  let malformed = false;
  for (const name of [names.name, names.displayName, "All"]) {
    // Only what the client wrote: `constructor` is no integration of anybody.
    const value: unknown = Object.hasOwn(integrations, name) ? integrations[name as never] : undefined;
    if (value === undefined || value === null) continue;
    if (typeof value === "boolean") return results[value ? "deliver" : "integrations"][malformed ? 1 : 0];
    if (typeof value === "object" && !Array.isArray(value) && name !== "All") return results.deliver[malformed ? 1 : 0];
    malformed = true;
  }
  return results.deliver[malformed ? 1 : 0];
}
