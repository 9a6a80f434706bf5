import type { StartRouterOptions } from "./router-thread.ts";
import { RouterThreads } from "./router-threads.ts";
import type { RunningRouter } from "./running-router.ts";

/**
 * Starts the router in threads of its own, so that no destination can slow down the gateway.
 * Resolves when every destination has its place in the log. A thread that dies of a fault is
 * started again, with backoff; nothing is lost by it. So is one that cannot be started the first
 * time: events are taken and stored meanwhile, and delivered when it can.
 *
 * @throws what somebody has to mend before it can ever start: what the configuration says, what a
 * newer version has written
 */
export function startRouter(options: StartRouterOptions): Promise<RunningRouter> {
  return RouterThreads.start(options);
}
