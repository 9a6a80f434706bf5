import type { Destination } from "../../model/destination.ts";

/** The number of the thread in which each destination lives, by its id. */
export type Homes = Readonly<Record<string, number>>;

/** What each destination costs, by its id, as a share of the time of one core. */
export type Loads = Readonly<Record<string, number>>;

/**
 * Where a destination lives. One that this process has not seen configured belongs to the first.
 */
export function homeOf(homes: Homes, destinationId: string): number {
  return homes[destinationId] ?? 0;
}

/**
 * Above which a thread has too much, as a multiple of what it would have if all had the same; and
 * below which nothing is worth a move.
 */
const tooMuch = 1.5;
const atLeast = 0.2;

/**
 * Gives every destination a thread: a pure function of what it is given, so that the same
 * configuration begins in the same way each time.
 *
 * Those that have a home keep it, unless the busiest thread has too much. The others come in the
 * order of their load, the heaviest first, or of the configuration where nothing was measured, each
 * to the thread with the least. A destination that was not measured counts as the mean of those
 * that were; one that is not enabled costs nothing.
 *
 * @param before where destinations of this process live or have lived: those that are gone stay
 */
export function placed(
  destinations: readonly Pick<Destination, "id" | "enabled">[],
  threads: number,
  loads: Loads,
  before: Homes = {},
): Homes {
  const measured = destinations.flatMap(({ id }) => (loads[id] === undefined ? [] : [loads[id]]));
  const mean = measured.length === 0 ? 1 : measured.reduce((sum, load) => sum + load, 0) / measured.length;
  const costs = new Map(destinations.map(({ id, enabled }) => [id, enabled ? (loads[id] ?? mean) : 0]));
  const costOf = (id: string): number => costs.get(id) ?? 0;
  const homes: Record<string, number> = { ...before };
  const busy = Array.from({ length: threads }, () => ({ load: 0, enabled: 0 }));
  const put = (id: string, home: number, sign: 1 | -1 = 1): void => {
    busy[home]!.load += sign * costOf(id);
    busy[home]!.enabled += sign;
  };
  const enabled = destinations.filter((destination) => destination.enabled).map(({ id }) => id);
  for (const id of enabled) if (before[id] !== undefined) put(id, before[id]);
  const coming = enabled.filter((id) => before[id] === undefined).toSorted((a, b) => costOf(b) - costOf(a));
  for (const id of coming) {
    const home = leastOf(busy);
    homes[id] = home;
    put(id, home);
  }
  // Its dead letters can be looked at, in any thread.
  for (const { id } of destinations) homes[id] ??= 0;
  if (measured.length > 0 && Object.keys(before).length > 0) relieve(enabled, homes, busy, costOf, put);
  return homes;
}

/**
 * A thread's load and how many live there; of equal loads, fewer are better, and then the first.
 */
type Busy = readonly { readonly load: number; readonly enabled: number }[];

function leastOf(busy: Busy): number {
  let least = 0;
  for (const [at, { load, enabled }] of busy.entries()) {
    const { load: leastLoad, enabled: leastEnabled } = busy[least]!;
    if (load < leastLoad || (load === leastLoad && enabled < leastEnabled)) least = at;
  }
  return least;
}

/** Moves destinations from a thread that has too much, as long as that helps. */
function relieve(
  enabled: readonly string[],
  homes: Record<string, number>,
  busy: Busy,
  costOf: (id: string) => number,
  put: (id: string, home: number, sign?: 1 | -1) => void,
): void {
  const fair = busy.reduce((sum, { load }) => sum + load, 0) / busy.length;
  for (let moves = 0; moves < enabled.length; moves++) {
    const most = busy.reduce((at, { load }, index) => (load > busy[at]!.load ? index : at), 0);
    if (busy[most]!.load <= Math.max(atLeast, tooMuch * fair)) return;
    const least = leastOf(busy);
    const gap = busy[most]!.load - busy[least]!.load;
    // The one that brings both closest to each other; one as heavy as the gap would only swap them.
    const [best] = enabled
      .filter((id) => homes[id] === most && costOf(id) > 0 && costOf(id) < gap)
      .toSorted((a, b) => Math.abs(gap / 2 - costOf(a)) - Math.abs(gap / 2 - costOf(b)));
    if (best === undefined) return;
    put(best, most, -1);
    put(best, least);
    homes[best] = least;
  }
}
