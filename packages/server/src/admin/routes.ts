import type { Reloaded } from "../reload.ts";
import { AdminRefusal, type AdminRoute, PlainText, Unwell } from "./admin-server.ts";
import { type DeadAdmin, deadRoutes } from "./dead-routes.ts";
import { prometheusText } from "./prometheus.ts";
import { type ReplayAdmin, replayRoutes } from "./replay-routes.ts";
import { type RetryAdmin, retryRoutes } from "./retry-routes.ts";
import { healthOf, type Status } from "./status.ts";

/** What the admin port tells and does. */
export interface AdminParts {
  status(): Promise<Status>;
  reload(): Promise<Reloaded>;
  readonly dead: DeadAdmin;
  readonly replays: ReplayAdmin;
  readonly retries: RetryAdmin;
}

/** The requests that the admin port answers, by path. docs/command-line.md lists them. */
export function adminRoutes({
  status,
  reload,
  dead,
  replays,
  retries,
}: AdminParts): Readonly<Record<string, AdminRoute>> {
  return {
    "/health": {
      async GET() {
        const health = healthOf(await status());
        // While it is stopping it still serves whoever asks here.
        return health.status === "full" || health.status === "shut" ? new Unwell(health) : health;
      },
    },
    ...deadRoutes(dead),
    ...replayRoutes(replays),
    ...retryRoutes(retries),
    "/reload": {
      async POST() {
        const reloaded = await reload();
        if (reloaded.outcome === "refused") throw new AdminRefusal(422, reloaded.problem);
        const { sources, destinations, warnings, omitted = [] } = reloaded.config;
        return {
          reloaded: true,
          sources: sources.length,
          destinations: destinations.length,
          ...(warnings.length > 0 ? { warnings } : {}),
          ...(omitted.length > 0 ? { omitted } : {}),
        };
      },
    },
    "/status": { GET: () => status() },
    "/metrics": {
      GET: async () => new PlainText(prometheusText(await status()), "text/plain; version=0.0.4; charset=utf-8"),
    },
  };
}
