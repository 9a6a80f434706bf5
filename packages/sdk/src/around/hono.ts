/**
 * Events of a Hono app, with what is known of the request.
 *
 * @module @pintle/sdk/hono
 */
import { type FlushPerRequest, flushAfterRequest } from "./flush-per-request.ts";
import { type RequestContextOptions, requestScope, type ScopedClient } from "./request-context.ts";

export type { FlushPerRequest } from "./flush-per-request.ts";
export type { RequestContextOptions, RequestContextPart, ScopedClient } from "./request-context.ts";

/** What is used of Hono's context (version 4). See {@link pintleContext}. */
export interface HonoContextLike {
  readonly req: {
    readonly url: string;
    readonly raw: object;
    /** A header, by its name in any case. */
    header(name: string): string | undefined;
  };
  readonly env: unknown;
}

/** Options of the middleware. See {@link pintleContext}. */
export interface HonoOptions<C> extends RequestContextOptions<C> {
  /**
   * Flushes after each request, for serverless runtimes, for example `(flushed, c) =>
   * c.executionCtx.waitUntil(flushed)`. Default: none.
   */
  readonly flush?: FlushPerRequest<[c: C]> | undefined;
}

/**
 * Middleware for Hono: what a handler behind it sends has the request's `ip`, `userAgent`, `page`
 * and `traceId` in its context.
 *
 * `ip` is the address of the socket with `@hono/node-server`, and what Cloudflare says on Workers.
 * Elsewhere, and behind other proxies, give it by the option `ip`.
 *
 * @example
 * ```ts
 * import { pintleContext } from "@pintle/sdk/hono";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.use(pintleContext(client, { flush: "wait" }));
 * app.get("/pay", (c) => {
 *   client.track({ userId: "123", event: "Paid" }); // with the visitor's browser and page
 *   return c.text("paid");
 * });
 *
 * await app.request("/pay");
 * ```
 */
export function pintleContext<C extends HonoContextLike = HonoContextLike>(
  client: ScopedClient,
  options: HonoOptions<C> = {},
): (c: C, next: () => Promise<void>) => Promise<void> {
  return async (c, next) => {
    try {
      await client.withScope(requestScope(c, factsOf, options), next);
    } finally {
      await flushAfterRequest(client, options.flush, c);
    }
  };
}

function factsOf(c: HonoContextLike) {
  const header = (name: string): string | undefined => c.req.header(name);
  return { ip: cloudflareAddress(c) ?? socketAddress(c.env), url: c.req.url, header };
}

/** Only Workers have `cf`; elsewhere anybody could send the header. */
function cloudflareAddress({ req }: HonoContextLike): string | undefined {
  return "cf" in req.raw ? req.header("cf-connecting-ip") : undefined;
}

function socketAddress(env: unknown): string | undefined {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress;
}
