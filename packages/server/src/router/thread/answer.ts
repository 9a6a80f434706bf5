import { setImmediate } from "node:timers/promises";
import type { Parts } from "./parts.ts";
import type { RouterCall, RouterCalls } from "./thread-messages.ts";

/** What a router thread answers to what the main one asks. */
export async function answer(
  { router, types, dead, replays, change }: Parts,
  call: RouterCall,
): Promise<RouterCalls[RouterCall["name"]]["gives"]> {
  switch (call.name) {
    case "status":
      // What became durable before the question comes over another port, and may be behind it.
      await setImmediate();
      return router.status();
    case "prepare":
      return types.prepare(call.takes);
    case "change":
      await change(call.takes);
      return null;
    case "deadList":
      return dead.list(call.takes.destinationId, call.takes.query, call.takes.limit);
    case "deadCounts": {
      const counts: Record<string, Record<string, number>> = {};
      for (const id of call.takes) counts[id] = await dead.counts(id);
      return counts;
    }
    case "deadShow":
      return (await dead.show(call.takes.destinationId, call.takes.letter)) ?? null;
    case "deadSettle": {
      const { destinationId, query, decision } = call.takes;
      return decision === "purged"
        ? dead.purge(destinationId, query)
        : dead.replay(destinationId, query, router.replaying(destinationId));
    }
    case "retry":
      return router.retryNow(call.takes);
    case "replayStart":
      return replays.start(call.takes);
    case "replayStop":
      return (await replays.stop(call.takes)) ?? null;
    case "replayList":
      return replays.list();
  }
}
