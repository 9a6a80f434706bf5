import type { Context } from "@pintle/events";
import { callForeign, isThenable } from "../foreign.ts";
import { mergeContext } from "../merge-context.ts";
import type { Scope } from "./scope.ts";
import { traceIdOf } from "./traceparent.ts";

/** The fields that adapters fill in. See {@link pintleContext}. */
export type RequestContextPart = "ip" | "userAgent" | "page" | "traceId";

/** What an adapter records of a request. See {@link pintleContext}. */
export interface RequestContextOptions<Request> {
  /**
   * The visitor's address, where the framework's own answer is not the right one: it has to be told
   * which proxies it may believe. Default: see the adapter.
   */
  readonly ip?: ((request: Request) => string | undefined) | undefined;
  /**
   * Parts that are not recorded, for example because query strings carry secrets. Default: none.
   */
  readonly omit?: readonly RequestContextPart[] | undefined;
  /**
   * What else holds for the messages of a request, such as the `userId` of who is logged in: then
   * the adapter has to come behind what finds that out. Default: none.
   */
  readonly scope?: ((request: Request) => Scope | undefined) | undefined;
}

/**
 * The part of a client that adapters use: any `Pintle` is one, whatever its plan. See {@link
 * pintleContext}.
 */
export interface ScopedClient {
  /** See `Pintle.withScope`. */
  withScope<Result>(scope: Scope, fn: () => Result): Result;
  /** See `Pintle.flush`. */
  flush(): Promise<unknown>;
}

/** What an adapter knows of a request. */
export interface RequestFacts {
  readonly ip: string | undefined;
  /** Absolute. */
  readonly url: string | undefined;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

/**
 * The context of a request: `ip`, `userAgent`, `page` (`url`, `path`, `search`, `referrer`) and
 * `traceId`, each as far as it is known. Never throws: an option's function that does, or gives a
 * promise, leaves its part out, because a request is worth more than its events.
 */
export function requestContext<Request>(
  request: Request,
  factsOf: (request: Request) => RequestFacts,
  { ip, omit = [] }: RequestContextOptions<Request> = {},
): Context {
  const facts = attempt(() => factsOf(request));
  if (facts === undefined) return {};
  const parts: Record<RequestContextPart, () => unknown> = {
    ip: () => (ip === undefined ? facts.ip : ip(request)),
    userAgent: () => facts.header("user-agent"),
    page: () => pageOf(facts.url, facts.header("referer")),
    traceId: () => traceIdOf(facts.header("traceparent")),
  };
  const context: Record<string, unknown> = {};
  for (const [part, read] of Object.entries(parts)) {
    const value = omit.includes(part as RequestContextPart) ? undefined : attempt(read);
    if (value !== undefined && value !== "" && !isThenable(value)) context[part] = value;
  }
  return context;
}

/** The same with what the program knows of the request. */
export function requestScope<Request>(
  request: Request,
  factsOf: (request: Request) => RequestFacts,
  options: RequestContextOptions<Request> = {},
): Scope {
  const context = requestContext(request, factsOf, options);
  const scope = attempt(() => options.scope?.(request));
  if (isThenable(scope) || typeof scope !== "object" || scope === null) return { context };
  return attempt(() => ({ ...scope, context: mergeContext(context, scope.context ?? {}) })) ?? { context };
}

function pageOf(address: string | undefined, referrer: string | undefined): object | undefined {
  const url = address === undefined ? undefined : attempt(() => new URL(address));
  if (url === undefined) return referrer === undefined ? undefined : { referrer };
  const { href, pathname: path, search } = url;
  return { url: href, path, ...(search === "" ? {} : { search }), ...(referrer === undefined ? {} : { referrer }) };
}

/** The value of a header, out of headers as `node:http` gives them. */
export function headerOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value[0] : value;
}

function attempt<Result>(read: () => Result): Result | undefined {
  return callForeign(read, () => {});
}
