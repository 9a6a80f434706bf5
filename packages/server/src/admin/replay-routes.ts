import { rate } from "@pintle/kit/host";
import { z } from "zod";
import type { ReplayRequest } from "../records/replay-record.ts";
import type { ReplayStatus } from "../router/replay/log-replays.ts";
import { AdminRefusal, type AdminRoute } from "./admin-server.ts";
import { destinationNamed, type KnownDestination } from "./destination-named.ts";
import { parsed, time } from "./parsed.ts";

/** Replays of the log, as the admin port needs them. */
export interface ReplayAdmin {
  /** Destinations of the configuration. */
  destinations(): readonly KnownDestination[];
  start(request: ReplayRequest): Promise<ReplayStatus>;
  stop(id: string): Promise<ReplayStatus | null>;
  list(): Promise<readonly ReplayStatus[]>;
}

const starting = z.strictObject({
  destination: z.string(),
  from: time,
  to: time.optional(),
  rate: rate().default(1000),
});
const stopping = z.strictObject({ id: z.string() });

/** `/replays` and what is below it. */
export function replayRoutes(replays: ReplayAdmin): Readonly<Record<string, AdminRoute>> {
  return {
    "/replays": {
      GET: async () => ({ replays: await replays.list() }),
      async POST({ body }) {
        const { destination, ...request } = parsed(starting, body ?? {});
        if (request.to !== undefined && request.to <= request.from)
          throw new AdminRefusal(400, "to: it has to be later than from");
        const found = destinationNamed(destination, replays.destinations());
        if (!found.enabled) throw new AdminRefusal(409, `nothing can be replayed to ${found.id}: it is not enabled`);
        return replays.start({ destinationId: found.id, ...request });
      },
    },
    "/replays/stop": {
      async POST({ body }) {
        const { id } = parsed(stopping, body ?? {});
        const stopped = await replays.stop(id);
        if (stopped === null) throw new AdminRefusal(404, `no replay ${JSON.stringify(id)} is running`);
        return stopped;
      },
    },
  };
}
