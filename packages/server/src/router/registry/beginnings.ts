import { openEmbeddedEngine } from "../../engine/embedded.ts";
import { EngineError } from "../../engine/engine-error.ts";
import type { Logger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { DestinationRegistry, registryTopic } from "./destination-registry.ts";

/** Where the log stands, of one partition: offsets of the oldest record and of the next. */
export interface LogRange {
  readonly start: number;
  readonly end: number;
}

/** By destination id, where one begins that this folder has not seen before, unless it begins at the start of the log. */
export type Beginnings = Readonly<Record<string, number>>;

/**
 * Gives each destination that this folder has not seen before its place in the log, durably, while no router's thread is there to do it, and
 * before anything more is accepted: however long it takes until a thread runs, it misses nothing. The topic belongs to that thread;
 * so the engine that writes it here is closed before one is started.
 *
 * A place that cannot be written down (the disk is full) is left to the thread, which is told where the log stood.
 *
 * @throws EngineError when the registry cannot be read
 */
export async function registerNew(
  directory: string,
  destinations: readonly Destination[],
  range: LogRange,
  logger: Logger,
): Promise<void> {
  const engine = openEmbeddedEngine({ directory, owns: (topic) => topic === registryTopic, logger });
  try {
    const registry = await DestinationRegistry.open(engine);
    // Then all of them begin at the beginning.
    if (registry.firstStart) return;
    for (const { id, enabled, settings } of destinations) {
      if (!enabled || registry.beginningOf(id, 0) !== undefined) continue;
      const isFromStart = (settings as { readonly from?: unknown } | undefined)?.from === "start";
      await registry.add(id, 0, isFromStart ? range.start : range.end);
    }
  } catch (error) {
    if (!(error instanceof EngineError) || !error.retryable) throw error;
  } finally {
    await engine.close();
  }
}
