import type { PartitionRange } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { Destination } from "../../model/destination.ts";
import type { DestinationRegistry } from "./destination-registry.ts";

/**
 * Offsets by destination id: where one that this folder has not seen before begins in each
 * partition of the log, unless it begins at its start.
 */
export type Beginnings = Readonly<Record<string, readonly number[]>>;

/**
 * Gives each enabled destination its place in the log, durably, before a router thread starts and
 * before anything more is accepted: however long it takes until one runs, it misses nothing. At the
 * first start that is the beginning of the log, and the first start ends.
 *
 * A place that cannot be written down later (the disk is full) is left to the thread, which is told
 * where the log stood.
 *
 * @param ranges of each partition of `events`
 * @throws EngineError when the registry cannot be written at the first start
 */
export async function registerNew(
  registry: DestinationRegistry,
  destinations: readonly Destination[],
  ranges: readonly PartitionRange[],
): Promise<void> {
  const isFirst = registry.firstStart;
  await registry.logId();
  const added: Promise<void>[] = [];
  for (const { id, enabled, settings } of destinations) {
    if (!enabled) continue;
    const isFromStart = isFirst || (settings as { readonly from?: unknown } | undefined)?.from === "start";
    for (const [partition, { start, end }] of ranges.entries()) {
      if (registry.beginningOf(id, partition) === undefined)
        added.push(registry.add(id, partition, isFromStart ? start : end));
    }
  }
  for (const one of await Promise.allSettled(added)) {
    if (one.status === "fulfilled") continue;
    if (isFirst || !(one.reason instanceof EngineError) || !one.reason.retryable) throw one.reason;
  }
  await registry.markOpened();
}
