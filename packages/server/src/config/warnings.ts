import type { Destination } from "../model/destination.ts";
import type { Source } from "../model/source.ts";

/**
 * What is allowed and can hardly be meant: events that go nowhere, and destinations to which none
 * come. One line each. Pure.
 */
export function warningsOf(sources: readonly Source[], destinations: readonly Destination[]): string[] {
  const working = new Map(destinations.filter(({ enabled }) => enabled).map(({ id, name }) => [id, name]));
  const reached = new Set<string>();
  const warnings: string[] = [];
  for (const source of sources) {
    // What is not enabled is at rest on purpose.
    if (!source.enabled) continue;
    const its = source.destinations.filter((id) => working.has(id));
    for (const id of its) reached.add(id);
    if (its.length > 0) continue;
    const why = source.destinations.length === 0 ? "has no destinations" : "has no destination that is enabled";
    warnings.push(`the source ${JSON.stringify(source.name)} ${why}: its events are stored and go nowhere`);
  }
  for (const [id, name] of working) {
    if (reached.has(id)) continue;
    warnings.push(`the destination ${JSON.stringify(name)} gets nothing: no source that is enabled names it`);
  }
  return warnings;
}
