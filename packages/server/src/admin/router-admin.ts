import type { Engine } from "../engine/engine.ts";
import type { Destination } from "../model/destination.ts";
import type { RunningRouter } from "../router/thread/running-router.ts";
import type { DeadAdmin } from "./dead-routes.ts";
import type { ReplayAdmin } from "./replay-routes.ts";
import type { RetryAdmin } from "./retry-routes.ts";

export interface RouterAdminOptions {
  readonly router: Pick<RunningRouter, "ask">;
  readonly engine: Pick<Engine, "topics">;
  /** Destinations of the configuration in use. */
  readonly destinations: () => readonly Destination[];
}

/** What the admin port asks the router's thread for. */
export function routerAdmin({ router, engine, destinations }: RouterAdminOptions): {
  readonly dead: DeadAdmin;
  readonly replays: ReplayAdmin;
  readonly retries: RetryAdmin;
} {
  /**
   * The destinations whose topic for dead letters exists: to look for letters must not make one for
   * each.
   */
  async function withLetters(ids: readonly string[]): Promise<string[]> {
    const topics = new Set((await engine.topics()).map(({ name }) => name));
    return ids.filter((id) => topics.has(`dead.${id}`));
  }

  async function hasLetters(id: string): Promise<boolean> {
    return (await withLetters([id])).length > 0;
  }

  return {
    dead: {
      destinations,
      hasLetters,
      counts: async (ids) => router.ask("deadCounts", await withLetters(ids)),
      list: async (destinationId, query, limit) =>
        (await hasLetters(destinationId))
          ? router.ask("deadList", { destinationId, query, limit })
          : { letters: [], counts: {} },
      show: async (destinationId, letter) =>
        (await hasLetters(destinationId)) ? router.ask("deadShow", { destinationId, letter }) : null,
      settle: async (destinationId, query, decision) =>
        (await hasLetters(destinationId))
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
