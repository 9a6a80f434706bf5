import type { DeliveredEvent } from "@pintle/events/gateway";
import type { BatchLimits } from "./contract.ts";
import type { Suspects } from "./suspects.ts";

export interface Grouping {
  readonly keyOf: ((event: DeliveredEvent) => string) | undefined;
  readonly limits: BatchLimits;
  /** Whether no event of a user may overtake an earlier one of the batch. */
  readonly inOrder: boolean;
  readonly suspects: Suspects;
}

/**
 * Positions of events that may be in one request, together. Where order counts, only neighbours are
 * put together.
 */
export function groupsOf(
  events: readonly DeliveredEvent[],
  { keyOf, limits, inOrder, suspects }: Grouping,
): number[][] {
  const groups: { readonly key: string | undefined; readonly positions: number[] }[] = [];
  const byKey = new Map<string, (typeof groups)[number]>();
  for (const [position, event] of events.entries()) {
    let key: string | undefined;
    try {
      key = keyOf?.(event) ?? "";
    } catch {
      // `requests` gets it alone, and most likely throws for the same reason.
    }
    const group = key === undefined ? undefined : inOrder ? groups.at(-1) : byKey.get(key);
    if (group !== undefined && group.key === key) {
      group.positions.push(position);
      continue;
    }
    const begun = { key, positions: [position] };
    groups.push(begun);
    if (key !== undefined) byKey.set(key, begun);
  }
  const roomOf = (position: number): number => Math.min(limits.events, suspects.roomOf(events[position]!));
  return groups.flatMap(({ positions }) => inRooms(positions, roomOf));
}

/** Cuts a list so that no part is larger than any of its members allows. */
function inRooms(positions: readonly number[], roomOf: (position: number) => number): number[][] {
  const parts: number[][] = [];
  let part: number[] = [];
  let room = Number.POSITIVE_INFINITY;
  for (const position of positions) {
    const own = roomOf(position);
    if (part.length >= Math.min(room, own)) {
      parts.push(part);
      part = [];
      room = Number.POSITIVE_INFINITY;
    }
    part.push(position);
    room = Math.min(room, own);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
