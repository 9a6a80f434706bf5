import type { Config } from "../../config.ts";
import { bounded } from "../bounded.ts";
import type { HTTPClient, HTTPFetchFn } from "./http-client.ts";

/**
 * Segment's OAuth. Pintle and RudderStack know write keys alone: given, it is named in the log and
 * not used.
 */
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
   * How often a request is tried again. Here messages are tried for the time that so many tries
   * take with growing pauses. Default: tried for an hour.
   */
  maxRetries?: number;
  /** Messages that are sent at once. Default: 15. */
  flushAt?: number;
  /** The former name of `flushAt`, which goes before it. */
  maxEventsInBatch?: number;
  /** Milliseconds after which what is queued is sent. Default: 10,000. */
  flushInterval?: number;
  /** The time for one attempt. Default: 10,000 ms. */
  httpRequestTimeout?: number;
  /** Whether nothing is sent. Default: false. */
  disable?: boolean;
  /** Makes requests: an object with `makeRequest`, or a function like `fetch`. */
  httpClient?: HTTPFetchFn | HTTPClient;
  oauthSettings?: OAuthSettings;
  /** Seconds for which messages are tried. Default: an hour. */
  maxTotalBackoffDuration?: number;
  /**
   * Seconds for which a rate limit is waited out. Here it is part of the time for which messages
   * are tried.
   */
  maxRateLimitDuration?: number;
  /**
   * Options of Pintle's own, which go before all others: `durable`, `maxAge`, `beforeSend`,
   * `transport`, ...
   */
  pintle?: Config;
}

const week = 7 * 86_400_000;
const longest = 30 * 86_400_000;

/** Milliseconds after which what is queued is sent. */
export function intervalOf({ flushInterval }: AnalyticsSettings): number {
  return bounded(flushInterval, 10_000, 0, week);
}

/** Milliseconds for one attempt; 0 would let none succeed, and stands for the default. */
export function timeoutOf({ httpRequestTimeout }: AnalyticsSettings): number {
  return bounded(httpRequestTimeout || undefined, 10_000, 1, week);
}

/**
 * Milliseconds for which messages are tried, from what says it in other terms; `undefined` for the
 * default.
 */
export function maxAgeOf(settings: AnalyticsSettings): number | undefined {
  const waits = intervalOf(settings) + timeoutOf(settings);
  const seconds = bounded(settings.maxTotalBackoffDuration, -1, 0, longest / 1000);
  if (seconds >= 0) return Math.max(1, Math.min(waits + seconds * 1000, longest));
  const retries = bounded(settings.maxRetries, -1, 0, 1000);
  if (retries < 0) return undefined;
  let pauses = 0;
  for (let retry = 0; retry < retries; retry++) pauses += Math.min(30_000, 250 * 2 ** retry);
  return Math.max(1, Math.min(waits + pauses, longest));
}
