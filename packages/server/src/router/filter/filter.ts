import { knownType } from "@pintle/events/gateway";
import type { ConsentRule, EventFilter, Selection } from "../../model/event-filter.ts";

/**
 * Why an event that could go to a destination is not for it; they are counted under these words.
 */
export type FilterReason = "integrations" | "consent" | "only" | "except";

/** What becomes of an event before it goes to a destination. */
export type FilterResult = "deliver" | "type" | FilterReason;

export interface FilterJudgement {
  /**
   * `deliver`, or the reason why it ends here: `type` makes a dead letter, all others are filtered.
   */
  readonly result: FilterResult;
  /** Whether `integrations` holds a value of a meaningless type, which was taken as absent. */
  readonly malformed: boolean;
}

/** What decides whether a destination gets an event. */
export interface FilterRules extends EventFilter {
  /** The key under which the configuration lists it. */
  readonly name: string;
  /** The display name of its type. By this, too, events can address it in `integrations`. */
  readonly displayName: string;
  /** Other names of its type, by which they can, too. */
  readonly names?: readonly string[] | undefined;
}

/**
 * How `integrations` gives its default. The second is what the fluent helpers of RudderStack's Go
 * SDK write.
 */
const defaultKeys: readonly string[] = ["All", "all"];

/** What of an event decides where it goes. */
export interface FilteredEvent {
  readonly type?: unknown;
  readonly integrations?: unknown;
  readonly event?: unknown;
  readonly context?: unknown;
}

/** Decides whether an event of a connected source goes to a destination. Pure. */
export function filterEvent(event: FilteredEvent, rules: FilterRules): FilterJudgement {
  // An event that was completed now has the type in its known letters; a dead letter holds what an
  // older version let through.
  const type = knownType(event.type);
  if (type === undefined) return judgement("type", false);
  const { included, malformed } = readIntegrations(event.integrations, rules);
  if (!included) return judgement("integrations", malformed);
  const { consent, only, except } = rules;
  if (consent !== undefined && isDenied(event, consent)) return judgement("consent", malformed);
  if (only !== undefined && !isSelected(event, type, only)) return judgement("only", malformed);
  if (except !== undefined && isSelected(event, type, except)) return judgement("except", malformed);
  return judgement("deliver", malformed);
}

/** What becomes of an event that is on its way once more. */
export type LaterFilterResult = FilterResult | "disconnected";

/**
 * Decides about an event that was accepted, and perhaps let through, before: a dead letter, an
 * event of the retry topic, one of a replay. What was allowed then may be denied now. Pure.
 *
 * @param sources ids of the sources that are connected to the destination now
 */
export function filterLater(
  event: FilteredEvent,
  sourceId: string,
  rules: FilterRules,
  sources: { has(sourceId: string): boolean },
): LaterFilterResult {
  return sourceId !== "" && !sources.has(sourceId) ? "disconnected" : filterEvent(event, rules).result;
}

function readIntegrations(
  integrations: unknown,
  { name, displayName, names = noNames }: FilterRules,
): { included: boolean; malformed: boolean } {
  if (integrations === undefined || integrations === null) return nothingSaid;
  if (typeof integrations !== "object" || Array.isArray(integrations)) return { included: true, malformed: true };

  let malformed = false;
  // The name, the display name, the others, and then the default.
  for (let at = -2; at < names.length + defaultKeys.length; at++) {
    const isDefault = at >= names.length;
    const key = at === -2 ? name : at === -1 ? displayName : isDefault ? defaultKeys[at - names.length] : names[at];
    const included = saidOf(integrations, key!, !isDefault);
    if (typeof included === "boolean") return { included, malformed };
    if (included === "malformed") malformed = true;
  }
  return { included: true, malformed };
}

/** What a key says; `undefined`: nothing. */
function saidOf(integrations: object, key: string, takesOptions: boolean): boolean | "malformed" | undefined {
  // Only what the client wrote: `constructor` is no integration of anybody.
  if (!Object.hasOwn(integrations, key)) return undefined;
  const value: unknown = (integrations as Readonly<Record<string, unknown>>)[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  return takesOptions && typeof value === "object" && !Array.isArray(value) ? true : "malformed";
}

const noNames: readonly string[] = [];
const nothingSaid = { included: true, malformed: false } as const;

function isDenied({ context }: FilteredEvent, { ids, strategy }: ConsentRule): boolean {
  const management: unknown = (context as { consentManagement?: unknown } | null | undefined)?.consentManagement;
  const denied: unknown = (management as { deniedConsentIds?: unknown } | null | undefined)?.deniedConsentIds;
  // Nothing that could be read as a refusal: the client does not take part in consent management.
  if (!Array.isArray(denied)) return false;
  return strategy === "and" ? ids.some((id) => denied.includes(id)) : ids.every((id) => denied.includes(id));
}

function isSelected(event: FilteredEvent, type: string, { types, events }: Selection): boolean {
  if (types.includes(type)) return true;
  return type === "track" && events.includes(event.event as string);
}

const results: readonly FilterResult[] = ["deliver", "type", "integrations", "consent", "only", "except"];
const wellFormed = new Map(results.map((result) => [result, { result, malformed: false }]));
const ofMalformed = new Map(results.map((result) => [result, { result, malformed: true }]));

/** One of a few objects: this runs for every event and destination. */
function judgement(result: FilterResult, malformed: boolean): FilterJudgement {
  return (malformed ? ofMalformed : wellFormed).get(result)!;
}
