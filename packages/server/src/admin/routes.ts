import { PlainText, type Route } from "./admin-server.ts";
import { prometheusText } from "./prometheus.ts";
import { healthOf, type Status } from "./status.ts";

/** What the admin port tells and does. */
export interface AdminParts {
  status(): Promise<Status>;
}

/** The requests that the admin port answers, by path. docs/command-line.md lists them. */
export function adminRoutes({ status }: AdminParts): Readonly<Record<string, Route>> {
  return {
    "/health": { GET: async () => healthOf(await status()) },
    "/status": { GET: () => status() },
    "/metrics": {
      GET: async () => new PlainText(prometheusText(await status()), "text/plain; version=0.0.4; charset=utf-8"),
    },
  };
}
