import { z } from "zod";
import type { Retried } from "../router/ledger/status.ts";
import { AdminRefusal, type AdminRoute } from "./admin-server.ts";
import { destinationNamed, type KnownDestination } from "./destination-named.ts";
import { parsed } from "./parsed.ts";

/** Attempts without waiting, as the admin port needs them. */
export interface RetryAdmin {
  /** Destinations of the configuration. */
  destinations(): readonly KnownDestination[];
  now(destinationId: string): Promise<Retried>;
}

const retrying = z.strictObject({ destination: z.string("the name or id of a destination") });

/** `/retry`. */
export function retryRoutes(retries: RetryAdmin): Readonly<Record<string, AdminRoute>> {
  return {
    "/retry": {
      async POST({ body }) {
        const { destination } = parsed(retrying, body ?? {});
        const { id, enabled } = destinationNamed(destination, retries.destinations());
        if (!enabled) throw new AdminRefusal(409, `nothing is tried again for ${id}: it is not enabled`);
        const retried = await retries.now(id);
        if (retried.state !== "stopped") return { destination: id, ...retried };
        throw new AdminRefusal(
          409,
          `${id} has stopped at a record that this version cannot read: it needs a newer version`,
        );
      },
    },
  };
}
