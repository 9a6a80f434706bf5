import { Worker } from "node:worker_threads";

export interface Watched {
  /**
   * Number of the open file that is a pipe from the parent, which says nothing and ends with it.
   */
  readonly pipe: number;
  /** Whether the process leads a group, which then ends with it: what it has started. */
  readonly leadsGroup: boolean;
}

/**
 * Ends this process when its parent is gone. By a thread: code in an endless loop hears nothing.
 */
export function endWithParent(watched: Watched): void {
  const watchdog = new Worker(new URL("./parent-watchdog.js", import.meta.url), {
    workerData: watched,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  watchdog.unref();
}
