import type { Config } from "../../config.ts";
import type { HTTPClient, HTTPFetchFn } from "./http-client.ts";

/** Segment's OAuth. Pintle and RudderStack know write keys alone: given, it is named in the log and not used. */
export interface OAuthSettings {
  clientId: string;
  clientKey: string;
  keyId: string;
  authServer?: string;
  scope?: string;
  maxRetries?: number;
  httpClient?: HTTPClient;
}

/** The settings of `@segment/analytics-node` 3. See {@link Analytics}. */
export interface AnalyticsSettings {
  writeKey: string;
  /** Default: `https://api.segment.io`. */
  host?: string;
  /** Default: `/v1/batch`. */
  path?: string;
  /**
   * How often a request is tried again. Here messages are tried for the time that so many tries take with growing pauses.
   * Default: tried for an hour.
   */
  maxRetries?: number;
  /** Messages that are sent at once. Default: 15. */
  flushAt?: number;
  /** The former name of `flushAt`, which goes before it. */
  maxEventsInBatch?: number;
  /** Milliseconds after which what is queued is sent. Default: 10,000. */
  flushInterval?: number;
  /** One attempt. Default: 10,000 ms. */
  httpRequestTimeout?: number;
  /** Whether nothing is sent. Default: false. */
  disable?: boolean;
  /** Makes requests: an object with `makeRequest`, or a function like `fetch`. */
  httpClient?: HTTPFetchFn | HTTPClient;
  oauthSettings?: OAuthSettings;
  /** Seconds for which messages are tried. Default: an hour. */
  maxTotalBackoffDuration?: number;
  /** Seconds for which a rate limit is waited out. Here it is part of the time for which messages are tried. */
  maxRateLimitDuration?: number;
  /** Options of Pintle's own, which go before all others: `durable`, `maxAge`, `beforeSend`, `transport`, ... */
  pintle?: Config;
}

/** Milliseconds for which messages are tried, from what says it in other terms; `undefined` for the default. */
export function maxAgeOf({
  maxRetries,
  maxTotalBackoffDuration,
  flushInterval = 10_000,
  httpRequestTimeout = 10_000,
}: AnalyticsSettings): number | undefined {
  const waits = flushInterval + httpRequestTimeout;
  if (maxTotalBackoffDuration !== undefined) return Math.max(1, waits + maxTotalBackoffDuration * 1000);
  if (maxRetries === undefined) return undefined;
  let pauses = 0;
  for (let retry = 0; retry < Math.min(maxRetries, 1000); retry++) pauses += Math.min(30_000, 250 * 2 ** retry);
  return Math.max(1, Math.min(waits + pauses, 30 * 86_400_000));
}
