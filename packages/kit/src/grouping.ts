import type { CarriedEvent } from "./carried-event.ts";
import type { BatchLimits } from "./contract.ts";
import type { Suspects } from "./suspects.ts";

export interface Grouping<Event> {
  readonly keyOf: ((event: Event) => string) | undefined;
  /** Items that an event makes. @default 1 */
  readonly itemsOf?: ((event: Event) => number) | undefined;
  readonly limits: BatchLimits;
  /** Whether no event of a user may overtake an earlier one of the batch. */
  readonly inOrder: boolean;
  readonly suspects: Suspects;
}

/**
 * Positions of events that may be in one request, together. Where order counts, only neighbours are
 * put together.
 */
export function groupsOf<Event extends CarriedEvent>(
  events: readonly Event[],
  { keyOf, itemsOf, limits, inOrder, suspects }: Grouping<Event>,
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
  const most = limits.items ?? (itemsOf === undefined ? Number.POSITIVE_INFINITY : limits.events);
  const weightOf = (position: number): number => itemsIn(events[position]!, itemsOf);
  return groups.flatMap(({ positions }) => inRooms(positions, { roomOf, most, weightOf }));
}

function itemsIn<Event>(event: Event, itemsOf: Grouping<Event>["itemsOf"]): number {
  try {
    return itemsOf?.(event) ?? 1;
  } catch {
    // `requests` gets it, and most likely throws for the same reason.
    return 1;
  }
}

interface Rooms {
  /** How many there may be together with this one. */
  readonly roomOf: (position: number) => number;
  /** The sum of weights of a part at most. */
  readonly most: number;
  readonly weightOf: (position: number) => number;
}

/** Cuts a list so that no part is larger than any of its members allows. */
function inRooms(positions: readonly number[], { roomOf, most, weightOf }: Rooms): number[][] {
  const parts: number[][] = [];
  let part: number[] = [];
  let room = Number.POSITIVE_INFINITY;
  let weight = 0;
  for (const position of positions) {
    const own = roomOf(position);
    const its = weightOf(position);
    if (part.length > 0 && (part.length >= Math.min(room, own) || weight + its > most)) {
      parts.push(part);
      part = [];
      room = Number.POSITIVE_INFINITY;
      weight = 0;
    }
    part.push(position);
    room = Math.min(room, own);
    weight += its;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
