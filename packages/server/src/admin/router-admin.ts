import { existsSync } from "node:fs";
import { join } from "node:path";
import { idPattern } from "../config/id.ts";
import type { Destination } from "../model/destination.ts";
import type { RunningRouter } from "../router/thread/start-router.ts";
import type { DeadAdmin } from "./dead-routes.ts";
import type { ReplayAdmin } from "./replay-routes.ts";
import type { RetryAdmin } from "./retry-routes.ts";

export interface RouterAdminOptions {
  readonly router: Pick<RunningRouter, "ask">;
  readonly dataFolder: string;
  /** Of the configuration that is in use. */
  readonly destinations: () => readonly Destination[];
}

/** What the admin port asks the router's thread for. */
export function routerAdmin({ router, dataFolder, destinations }: RouterAdminOptions): {
  readonly dead: DeadAdmin;
  readonly replays: ReplayAdmin;
  readonly retries: RetryAdmin;
} {
  /** A topic is made when it is opened: to look for letters must not make one for each destination. */
  function hasLetters(id: string): boolean {
    return idPattern.test(id) && existsSync(join(dataFolder, "topics", `dead.${id}-0`));
  }

  return {
    dead: {
      destinations,
      hasLetters,
      counts: (ids) => router.ask("deadCounts", ids.filter(hasLetters)),
      list: async (destinationId, query, limit) =>
        hasLetters(destinationId)
          ? router.ask("deadList", { destinationId, query, limit })
          : { letters: [], counts: {} },
      show: async (destinationId, letter) =>
        hasLetters(destinationId) ? router.ask("deadShow", { destinationId, letter }) : null,
      settle: async (destinationId, query, decision) =>
        hasLetters(destinationId)
          ? router.ask("deadSettle", { destinationId, query, decision })
          : { settled: 0, filtered: {}, left: {} },
    },
    replays: {
      destinations,
      start: (request) => router.ask("replayStart", request),
      stop: (id) => router.ask("replayStop", id),
      list: () => router.ask("replayList", null),
    },
    retries: { destinations, now: (id) => router.ask("retry", id) },
  };
}
