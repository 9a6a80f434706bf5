/**
 * Events of a Fastify app, with what is known of the request.
 *
 * @module @pintle/sdk/fastify
 */
import { headerOf, type RequestContextOptions, requestScope, type ScopedClient } from "./request-context.ts";
import type { Scope } from "./scope.ts";

export type { RequestContextOptions, RequestContextPart, ScopedClient } from "./request-context.ts";

/** What is used of Fastify's request (version 4 and 5). See {@link pintleContext}. */
export interface FastifyRequestLike {
  readonly ip: string;
  readonly protocol: string;
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

type Hook<Request> = (request: Request, reply: unknown, done: () => void) => void;

/** What is used of Fastify's instance. See {@link pintleContext}. */
export interface FastifyInstanceLike<Request> {
  /** Adds a function that is called for each request. */
  addHook(name: "onRequest" | "preValidation", hook: Hook<Request>): unknown;
}

/**
 * A plugin for Fastify: what a handler sends has the request's `ip`, `userAgent`, `page` and
 * `traceId` in its context.
 *
 * `ip` is Fastify's `request.ip`, which believes proxies as its option `trustProxy` says.
 *
 * @example
 * ```ts
 * import { pintleContext } from "@pintle/sdk/fastify";
 * import { fastify } from "fastify";
 *
 * const app = fastify();
 * await app.register(pintleContext(client));
 * app.get("/pay", async () => {
 *   client.track({ userId: "123", event: "Paid" }); // with the visitor's address, browser and page
 *   return "paid";
 * });
 *
 * await app.inject("/pay");
 * await app.close();
 * ```
 */
export function pintleContext<Request extends FastifyRequestLike = FastifyRequestLike>(
  client: ScopedClient,
  options?: RequestContextOptions<Request>,
): (instance: FastifyInstanceLike<Request>, options: unknown, done: () => void) => void {
  const scopes = new WeakMap<object, Scope>();
  const enter: Hook<Request> = (request, _reply, done) => {
    let scope = scopes.get(request);
    if (scope === undefined) {
      scope = requestScope(request, factsOf, options);
      scopes.set(request, scope);
    }
    client.withScope(scope, () => done());
  };
  const plugin = (instance: FastifyInstanceLike<Request>, _options: unknown, done: () => void): void => {
    instance.addHook("onRequest", enter);
    // Again, because the body is read in between, by events of the socket, which belong to no
    // request.
    instance.addHook("preValidation", enter);
    done();
  };
  // Fastify's marks for a plugin that is to hold for the whole instance, and for its name.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "pintle" });
}

function factsOf(request: FastifyRequestLike) {
  const header = (name: string): string | undefined => headerOf(request.headers, name);
  const host = header("host") ?? header(":authority");
  return {
    ip: request.ip,
    url: host === undefined ? undefined : `${request.protocol}://${host}${request.originalUrl}`,
    header,
  };
}
