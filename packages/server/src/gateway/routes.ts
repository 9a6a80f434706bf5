import { type SingleEndpoint, singleEndpoints } from "../records/event-record.ts";
import type { Exchange } from "./exchange.ts";
import type { Information } from "./information.ts";
import type { Ingest } from "./ingest.ts";

/** What a path does, by method. */
export type Route = Readonly<Partial<Record<Method, Handler>>>;
export type Method = "GET" | "HEAD" | "POST";
export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Every path that the gateway knows. */
export function routes(ingest: Ingest, information: Information): ReadonlyMap<string, Route> {
  const batch: Route = { POST: (exchange) => ingest.post(exchange, "batch") };
  const single = (endpoint: SingleEndpoint): [string, Route] => [
    `/v1/${endpoint}`,
    { POST: (exchange) => ingest.post(exchange, endpoint) },
  ];
  // node:http leaves the body out of an answer to HEAD.
  const get = (handler: Handler): Route => ({ GET: handler, HEAD: handler });
  return new Map<string, Route>([
    ...singleEndpoints.map(single),
    ["/v1/batch", batch],
    ["/v1/import", batch],
    ["/beacon/v1/batch", { POST: (exchange) => ingest.beacon(exchange) }],
    ["/pixel/v1/track", { GET: (exchange) => ingest.pixel(exchange, "track") }],
    ["/pixel/v1/page", { GET: (exchange) => ingest.pixel(exchange, "page") }],
    [
      "/sourceConfig",
      {
        GET: (exchange) => information.sourceConfig(exchange),
        HEAD: (exchange) => exchange.empty(204),
      },
    ],
    ["/cluster-info", { GET: (exchange) => information.clusterInfo(exchange) }],
    ["/health", get((exchange) => information.health(exchange))],
    ["/version", get((exchange) => information.version(exchange))],
    ["/robots.txt", get((exchange) => exchange.text(200, "User-agent: *\nDisallow: /\n"))],
    ["/favicon.ico", get((exchange) => exchange.empty(204))],
  ]);
}
