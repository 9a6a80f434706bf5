/**
 * A client for programs that were written for `@segment/analytics-node` 3.
 *
 * @module @pintle/sdk/analytics-node
 */
export { Analytics, Analytics as default, type Callback, type Plugin } from "./analytics.ts";
export { Context, ContextCancelation, type LogMessage, type SegmentEvent } from "./context.ts";
export type { EmittedError, NodeEmitterEvents } from "./emitter.ts";
export {
  FetchHTTPClient,
  type HTTPClient,
  type HTTPClientRequest,
  type HTTPFetchFn,
  type HTTPFetchRequest,
  type HTTPHeaders,
  type HTTPResponse,
} from "./http-client.ts";
export type {
  AliasParams,
  CloseAndFlushParams,
  ExtraContext,
  FlushParams,
  GroupParams,
  GroupTraits,
  IdentifyParams,
  IntegrationsOptions,
  PageParams,
  TrackParams,
  UserTraits,
} from "./params.ts";
export type { AnalyticsSettings, OAuthSettings } from "./settings.ts";
export { ValidationError } from "./validation-error.ts";
