import { type SingleEndpoint, singleEndpoints } from "../records/event-record.ts";
import type { Information } from "./information.ts";
import type { Ingest } from "./ingest.ts";
import type { RequestContext } from "./request-context.ts";

/** What a path does, by method. */
export type GatewayRoute = Readonly<Partial<Record<RouteMethod, GatewayHandler>>>;
export type RouteMethod = "GET" | "HEAD" | "POST";
/** Answers, now or later; what it throws now is answered by the gateway. */
export type GatewayHandler = (context: RequestContext) => void;

/** Every path that the gateway knows. */
export function routes(ingest: Ingest, information: Information): ReadonlyMap<string, GatewayRoute> {
  const batch: GatewayRoute = { POST: (context) => ingest.post(context, "batch") };
  const single = (endpoint: SingleEndpoint): [string, GatewayRoute] => [
    `/v1/${endpoint}`,
    { POST: (context) => ingest.post(context, endpoint) },
  ];
  // node:http leaves the body out of an answer to HEAD.
  const get = (handler: GatewayHandler): GatewayRoute => ({ GET: handler, HEAD: handler });
  return new Map<string, GatewayRoute>([
    ...singleEndpoints.map(single),
    ["/v1/batch", batch],
    ["/v1/import", batch],
    ["/beacon/v1/batch", { POST: (context) => ingest.beacon(context) }],
    ["/pixel/v1/track", { GET: (context) => ingest.pixel(context, "track") }],
    ["/pixel/v1/page", { GET: (context) => ingest.pixel(context, "page") }],
    [
      "/sourceConfig",
      {
        GET: (context) => information.sourceConfig(context),
        HEAD: (context) => context.empty(204),
      },
    ],
    ["/cluster-info", { GET: (context) => information.clusterInfo(context) }],
    ["/health", get((context) => information.health(context))],
    ["/version", get((context) => information.version(context))],
    ["/robots.txt", get((context) => context.text(200, "User-agent: *\nDisallow: /\n"))],
    ["/favicon.ico", get((context) => context.empty(204))],
  ]);
}
