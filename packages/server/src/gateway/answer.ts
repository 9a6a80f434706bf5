import { deepest } from "./nesting.ts";

/**
 * Every answer of the gateway that is not about one endpoint alone, as a value: what is sent, and
 * the name under which it is counted. The texts are RudderStack's to the byte, because SDKs and
 * their users' log filters match them.
 */
export interface GatewayAnswer {
  readonly status: number;
  readonly body: string;
  /** Name in the statistics, for a refusal. */
  readonly reason: Reason;
  /** Whole seconds after which trying again makes sense. */
  readonly retryAfter?: number;
}

/** Why a request was refused. */
export type Reason =
  | "no_key"
  | "unknown_key"
  | "source_disabled"
  | "busy"
  | "storage"
  | "encoding"
  | "size"
  | "compression"
  | "json"
  | "nesting"
  | "too_many_events"
  | "empty_batch"
  | "not_an_object"
  | "no_id"
  | "rate_limit"
  | "slow_body"
  | "headers"
  | "unknown_path"
  | "method"
  | "bad_request"
  | "internal";

export const noKeyInHeader: GatewayAnswer = refusal(401, "no_key", "failed to read writekey from header\n");
export const noKeyInQuery: GatewayAnswer = refusal(401, "no_key", "failed to read writekey from query params\n");
export const unknownKey: GatewayAnswer = refusal(401, "unknown_key", "invalid write key\n");
export const sourceDisabled: GatewayAnswer = refusal(404, "source_disabled", "source is disabled\n");
export const busy: GatewayAnswer = refusal(503, "busy", "service unavailable\n", 1);
export const storageDown: GatewayAnswer = refusal(503, "storage", "service unavailable\n", 5);
export const unsupportedEncoding: GatewayAnswer = refusal(415, "encoding", "unsupported content encoding\n");
export const bodyTooLarge: GatewayAnswer = refusal(413, "size", "request size exceeds max limit\n");
export const badCompression: GatewayAnswer = refusal(400, "compression", "failed to uncompress request body\n");
export const notJson: GatewayAnswer = refusal(400, "json", "invalid json\n");
/**
 * An answer in words of its own: a client that reads "invalid json" suspects that its whole batch
 * was damaged on the way.
 */
export const tooDeep: GatewayAnswer = refusal(400, "nesting", `json is nested deeper than ${deepest} levels\n`);
export const tooManyEvents: GatewayAnswer = refusal(
  413,
  "too_many_events",
  "batch exceeds the maximum allowed number of events\n",
);
export const emptyBatch: GatewayAnswer = refusal(400, "empty_batch", "empty batch payload\n");
export const notAnEvent: GatewayAnswer = refusal(400, "not_an_object", "event is not a valid rudder event\n");
export const noId: GatewayAnswer = refusal(400, "no_id", "request neither has anonymousId nor userId\n");
export const slowBody: GatewayAnswer = refusal(408, "slow_body", "request timeout\n");
export const tooManyHeaders: GatewayAnswer = refusal(431, "headers", "request header fields too large\n");
export const unknownPath: GatewayAnswer = refusal(404, "unknown_path", "not found\n");
export const wrongMethod: GatewayAnswer = refusal(405, "method", "method not allowed\n");
export const internalError: GatewayAnswer = refusal(500, "internal", "internal server error\n");

/** `seconds`: how long until the source's limit has room again. */
export function rateLimited(seconds: number): GatewayAnswer {
  return refusal(429, "rate_limit", "max requests limit reached\n", seconds);
}

function refusal(status: number, reason: Reason, body: string, retryAfter?: number): GatewayAnswer {
  return retryAfter === undefined ? { status, body, reason } : { status, body, reason, retryAfter };
}
