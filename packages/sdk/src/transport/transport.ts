import type { Signal } from "../signal.ts";

/**
 * One HTTP exchange, as the delivery engine sees it. `transport/node.ts` and `transport/fetch.ts`
 * implement it; a user's own (`new Pintle(key, url, { transport })`) may too.
 *
 * Resolves with the answer, whatever its status, after its body has been read to the end (or cut at
 * 64 KB and discarded, so that a keep-alive connection is free again). Rejects when there was no
 * complete answer: no connection, reset, body shorter than its Content-Length, `timeout` over, or
 * `signal` aborted. Redirects are answers: they are not followed.
 *
 * @example
 * ```ts
 * import { Pintle, type Transport } from "@pintle/sdk";
 *
 * const transport: Transport = async ({ url, method, headers, body, timeout, signal }) => {
 *   const response = await fetch(url, {
 *     method,
 *     headers,
 *     body: body === undefined ? null : new Uint8Array(body),
 *     redirect: "manual",
 *     signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
 *   });
 *   return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
 * };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { transport });
 * client.track({ userId: "123", event: "Paid" });
 * await client.close();
 * ```
 */
export interface Transport {
  (request: TransportRequest): Promise<TransportResponse>;
  /**
   * Called when a client that uses it has been closed: what it keeps for later requests, such as
   * idle connections, is to be let go. Other clients may use it further.
   */
  close?(): void;
}

/** A request to make. See {@link Transport}. */
export interface TransportRequest {
  readonly method: "GET" | "POST";
  /** Absolute: the data plane's, with the path of the API. */
  readonly url: string;
  /** Names in their usual spelling (`Content-Type`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Already compressed where `Content-Encoding` says so. */
  readonly body?: Uint8Array;
  /** Milliseconds for the whole attempt: connecting, sending, waiting, reading. */
  readonly timeout: number;
  /** Aborted when the client is closed for good; the attempt is to end at once. */
  readonly signal: Signal;
}

/** A complete answer. See {@link Transport}. */
export interface TransportResponse {
  /** Any HTTP status, that of a redirect included. */
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, at most 64 KB of it. */
  readonly body: string;
  /** What is odd about the answer, for the log: it is obeyed all the same. */
  readonly flaw?: string;
}
