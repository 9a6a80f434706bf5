import type { Engine, PartitionRange } from "../../engine/engine.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { Destination } from "../../model/destination.ts";
import { DestinationRegistry } from "./destination-registry.ts";

/**
 * Offsets by destination id: where one that this folder has not seen before begins in each
 * partition of the log, unless it begins at its start.
 */
export type Beginnings = Readonly<Record<string, readonly number[]>>;

/**
 * Gives each destination that this folder has not seen before its place in the log, durably, while
 * no router's thread is there to do it, and before anything more is accepted: however long it takes
 * until a thread runs, it misses nothing.
 *
 * A place that cannot be written down (the disk is full) is left to the thread, which is told where
 * the log stood.
 *
 * @param engine writes the registry in the place of that thread; it is closed
 * @param ranges of each partition of `events`
 * @throws EngineError when the registry cannot be read
 */
export async function registerNew(
  engine: Engine,
  destinations: readonly Destination[],
  ranges: readonly PartitionRange[],
): Promise<void> {
  try {
    const registry = await DestinationRegistry.open(engine);
    // Then all of them begin at the beginning.
    if (registry.firstStart) return;
    for (const { id, enabled, settings } of destinations) {
      if (!enabled) continue;
      const isFromStart = (settings as { readonly from?: unknown } | undefined)?.from === "start";
      for (const [partition, { start, end }] of ranges.entries()) {
        if (registry.beginningOf(id, partition) === undefined)
          await registry.add(id, partition, isFromStart ? start : end);
      }
    }
  } catch (error) {
    if (!(error instanceof EngineError) || !error.retryable) throw error;
  } finally {
    await engine.close();
  }
}
