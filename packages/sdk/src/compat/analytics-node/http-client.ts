import type { Transport, TransportRequest, TransportResponse } from "../../transport/transport.ts";

/** A request, for an {@link HTTPClient}. */
export interface HTTPClientRequest {
  url: string;
  method: "POST";
  headers: Record<string, string>;
  body: string;
  /** Milliseconds for the whole attempt. */
  httpRequestTimeout: number;
}

/** A request as `fetch` is given it. */
export interface HTTPFetchRequest {
  headers: Record<string, string>;
  body: string;
  method: "POST";
  signal: unknown;
}

/** An answer: that of `fetch` will do. */
export interface HTTPResponse {
  headers?: Record<string, unknown> | HTTPHeaders;
  text?: () => Promise<string>;
  status: number;
  statusText: string;
}

/** The headers of an answer, as `fetch` gives them. */
export interface HTTPHeaders {
  get: (key: string) => string | null;
  has: (key: string) => boolean;
  entries: () => IterableIterator<[string, unknown]>;
}

/** A function like `fetch`. */
export type HTTPFetchFn = (url: string, requestInit: HTTPFetchRequest) => Promise<HTTPResponse>;

/**
 * What makes requests in the SDK's place: for proxies, certificates and tests.
 *
 * @example
 * ```ts
 * import { Analytics, type HTTPClient } from "@pintle/sdk/analytics-node";
 *
 * const httpClient: HTTPClient = {
 *   makeRequest: ({ url, method, headers, body, httpRequestTimeout }) =>
 *     fetch(url, { method, headers, body, signal: AbortSignal.timeout(httpRequestTimeout) }),
 * };
 * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL, httpClient });
 * analytics.track({ userId: "123", event: "Paid" });
 * await analytics.closeAndFlush();
 * ```
 */
export interface HTTPClient {
  makeRequest(options: HTTPClientRequest): Promise<HTTPResponse>;
}

/**
 * A client of a function like `fetch`.
 *
 * @example
 * ```ts
 * import { Analytics, FetchHTTPClient } from "@pintle/sdk/analytics-node";
 *
 * const httpClient = new FetchHTTPClient((url, init) => fetch(url, init as RequestInit));
 * const analytics = new Analytics({ writeKey: WRITE_KEY, host: DATA_PLANE_URL, httpClient });
 * analytics.track({ userId: "123", event: "Paid" });
 * await analytics.closeAndFlush();
 * ```
 */
export class FetchHTTPClient implements HTTPClient {
  readonly #fetch: HTTPFetchFn;

  /** @param fetchFn Default: the runtime's `fetch`. */
  constructor(fetchFn: HTTPFetchFn = fetch as unknown as HTTPFetchFn) {
    this.#fetch = fetchFn;
  }

  makeRequest({ url, httpRequestTimeout, ...request }: HTTPClientRequest): Promise<HTTPResponse> {
    return this.#fetch(url, { ...request, signal: AbortSignal.timeout(httpRequestTimeout) });
  }
}

/** Requests by a client of the program's. Bodies are not compressed: they are given as text. */
export function transportOf(client: HTTPClient): Transport {
  return async ({ url, method, headers, body, timeout, signal }: TransportRequest): Promise<TransportResponse> => {
    signal.throwIfAborted();
    const answer = await client.makeRequest({
      url,
      method: method as "POST",
      headers: { ...headers },
      body: new TextDecoder().decode(body),
      httpRequestTimeout: timeout,
    });
    const text = await answer.text?.();
    return { status: answer.status, headers: headersOf(answer.headers), body: typeof text === "string" ? text : "" };
  };
}

function headersOf(headers: HTTPResponse["headers"]): Record<string, string> {
  if (headers === undefined || headers === null) return {};
  const entries = typeof headers.entries === "function" ? (headers as HTTPHeaders).entries() : Object.entries(headers);
  return Object.fromEntries([...entries].map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}
