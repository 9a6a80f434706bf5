/** What both entry points export beside the client itself. */
export type {
  Address,
  Alias,
  AppInfo,
  CampaignInfo,
  Company,
  Context,
  DeviceInfo,
  Group,
  Identify,
  Identity,
  Integrations,
  KnownContext,
  KnownProperties,
  KnownTraits,
  LibraryInfo,
  LocationInfo,
  Message,
  NetworkInfo,
  OSInfo,
  Page,
  PageInfo,
  Properties,
  ReferrerInfo,
  Screen,
  ScreenInfo,
  Track,
  Traits,
} from "@pintle/events";
export { CodedError, EventError, type EventErrorCode } from "@pintle/events";
export type { Scope } from "./around/scope.ts";
export type { ScopedPintle } from "./around/scoped-pintle.ts";
export type { Config, DurableOptions } from "./config.ts";
export type { Stats } from "./counters.ts";
export type { Duration } from "./duration.ts";
export type { WireMessage } from "./encode.ts";
export { ConfigError, PintleError, type SdkErrorCode } from "./errors.ts";
export type { HeaderValue, RequestHeaders } from "./headers.ts";
export { type IntegrationOptions, type IntegrationsHelper, integrations } from "./helpers/integrations.ts";
export { type Product, PropertiesHelper, properties } from "./helpers/properties.ts";
export { redact } from "./helpers/redact.ts";
export { type Renames, rename } from "./helpers/rename.ts";
export { type SampleOptions, sample } from "./helpers/sample.ts";
export { TraitsHelper, traits } from "./helpers/traits.ts";
export type { Logger } from "./logger.ts";
export type { Delivered, Dropped, DropReason, Left, Outcome, RefusalReason, Refused } from "./outcome.ts";
export type { CloseOptions, FlushOptions } from "./pintle.ts";
export type { PintleEvents } from "./pintle-events.ts";
export type { AnyPlan, MessageOf, PlanValidators, TrackingPlan, TrackOf } from "./plan/plan.ts";
export type { Receipt } from "./receipt.ts";
export type { FlushResult } from "./send/flushes.ts";
export type { Transport, TransportRequest, TransportResponse } from "./transport/transport.ts";
export { version as VERSION } from "./version.ts";
export type { WritableMessage } from "./writable-message.ts";
