/**
 * Events of an Express app, with what is known of the request.
 *
 * @module @pintle/sdk/express
 */
import { headerOf, type RequestContextOptions, requestScope, type ScopedClient } from "./request-context.ts";

export type { RequestContextOptions, RequestContextPart, ScopedClient } from "./request-context.ts";

/** What is used of Express's request (version 4 and 5). See {@link pintleContext}. */
export interface ExpressRequest {
  readonly ip?: string | undefined;
  readonly protocol: string;
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * Middleware for Express: what a handler behind it sends has the request's `ip`, `userAgent`,
 * `page` and `traceId` in its context.
 *
 * `ip` is Express's `req.ip`, which believes proxies as the setting `trust proxy` says. Put it
 * behind middleware that reads bodies by callbacks of its own (multer and other parsers of
 * uploads): scopes that were entered before them may end there.
 *
 * @example
 * ```ts
 * import { once } from "node:events";
 * import type { AddressInfo } from "node:net";
 * import { pintleContext } from "@pintle/sdk/express";
 * import express from "express";
 *
 * const app = express();
 * app.use(pintleContext(client, { omit: ["page"] }));
 * app.get("/pay", (_request, response) => {
 *   client.track({ userId: "123", event: "Paid" }); // with the visitor's address and browser
 *   response.sendStatus(204);
 * });
 *
 * const server = app.listen(0);
 * await once(server, "listening");
 * await fetch(`http://localhost:${(server.address() as AddressInfo).port}/pay`);
 * server.close();
 * ```
 */
export function pintleContext<Request extends ExpressRequest = ExpressRequest>(
  client: ScopedClient,
  options?: RequestContextOptions<Request>,
): (request: Request, response: unknown, next: () => void) => void {
  return (request, _response, next) => {
    // Without an argument: Express takes any for an error.
    client.withScope(requestScope(request, factsOf, options), () => next());
  };
}

function factsOf(request: ExpressRequest) {
  const header = (name: string): string | undefined => headerOf(request.headers, name);
  const host = header("host");
  return {
    ip: request.ip,
    url: host === undefined ? undefined : `${request.protocol}://${host}${request.originalUrl}`,
    header,
  };
}
