/**
 * Events of a Next.js app, with what is known of the request.
 *
 * @module @pintle/sdk/next
 */
import type { Context } from "@pintle/events";
import { type FlushPerRequest, flushAfterRequest } from "./flush-per-request.ts";
import {
  headerOf,
  type RequestContextOptions,
  requestContext,
  requestScope,
  type ScopedClient,
} from "./request-context.ts";

export type { FlushPerRequest } from "./flush-per-request.ts";
export type { RequestContextOptions, RequestContextPart, ScopedClient } from "./request-context.ts";

/** `Headers`, or what `headers()` of `next/headers` resolves with. See {@link headersContext}. */
export interface HeadersLike {
  /** A header, or null. */
  get(name: string): string | null;
}

/**
 * A request of the App Router (`Request`, `NextRequest`) or of the Pages Router (`NextApiRequest`).
 * See {@link withPintle}.
 */
export interface NextRequestLike {
  /** Absolute in the App Router, a path in the Pages Router. */
  readonly url?: string | undefined;
  readonly headers: HeadersLike | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Options of {@link withPintle}. */
export interface NextOptions<Args extends readonly [NextRequestLike, ...unknown[]]>
  extends RequestContextOptions<Args[0]> {
  /**
   * Flushes after each request, for serverless hosting, for example `(flushed) => after(flushed)`
   * with `after` of `next/server`. Default: none.
   */
  readonly flush?: FlushPerRequest<Args> | undefined;
}

/**
 * Wraps a route handler, a handler of the Pages Router, or the proxy (middleware): what it sends
 * has the request's `ip`, `userAgent`, `page` and `traceId` in its context.
 *
 * `ip` is the first address in `x-forwarded-for`, which Next itself fills in. Where visitors may
 * reach Next through a proxy that passes on what they claim, give it by the option `ip`.
 *
 * @example
 * ```ts
 * import { withPintle } from "@pintle/sdk/next";
 *
 * const POST = withPintle(client, async (request: Request) => {
 *   client.track({ userId: "123", event: "Paid" }); // with the visitor's address, browser and page
 *   return new Response(`paid with ${request.method}`);
 * });
 *
 * await POST(new Request("https://shop.example.com/pay", { method: "POST" }));
 * ```
 */
export function withPintle<Args extends readonly [NextRequestLike, ...unknown[]], Result>(
  client: ScopedClient,
  handler: (...args: Args) => Result | Promise<Result>,
  options: NextOptions<Args> = {},
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await client.withScope(requestScope(args[0], factsOf, options), () => handler(...args));
    } finally {
      await flushAfterRequest(client, options.flush, ...args);
    }
  };
}

/**
 * The context of a request of which only the headers are known, for server components and server
 * actions:
 *
 * @example
 * ```ts
 * import { headersContext } from "@pintle/sdk/next";
 *
 * const headers = async () => new Headers({ "user-agent": "Mozilla/5.0" }); // that of next/headers
 *
 * client.withContext(headersContext(await headers()), () => client.track({ userId: "123", event: "Paid" }));
 * ```
 */
export function headersContext(
  headers: HeadersLike,
  options?: RequestContextOptions<{ readonly headers: HeadersLike }>,
): Context {
  return requestContext({ headers }, factsOf, options);
}

function factsOf(request: NextRequestLike) {
  const { headers } = request;
  const header = (name: string): string | undefined =>
    isHeaders(headers) ? (headers.get(name) ?? undefined) : headerOf(headers, name);
  return { ip: header("x-forwarded-for")?.split(",")[0]?.trim(), url: addressOf(request.url, header), header };
}

/**
 * The App Router gives an absolute URL, whose host is the server's own behind a proxy; the Pages
 * Router a path.
 */
function addressOf(url: string | undefined, header: (name: string) => string | undefined): string | undefined {
  const host = header("x-forwarded-host") ?? header("host");
  if (url === undefined || host === undefined) return url;
  const { scheme = "http", path = url } = /^(?<scheme>https?):\/\/[^/]*(?<path>.*)$/.exec(url)?.groups ?? {};
  return `${header("x-forwarded-proto")?.split(",")[0] ?? scheme}://${host}${path}`;
}

function isHeaders(headers: NextRequestLike["headers"]): headers is HeadersLike {
  return typeof headers.get === "function";
}
