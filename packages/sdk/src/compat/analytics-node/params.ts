import type { KnownContext, KnownProperties, KnownTraits } from "@pintle/events";

/** Traits of a user. */
export type UserTraits = KnownTraits;
/** Traits of a group. */
export type GroupTraits = KnownTraits;
/** What is known about where an event came from. */
export type ExtraContext = KnownContext;

/** Destinations by name. */
export interface IntegrationsOptions {
  All?: boolean | undefined;
  [name: string]: boolean | Record<string, unknown> | undefined;
}

type SegmentIdentity =
  | { userId: string; anonymousId?: string | undefined }
  | { userId?: string | undefined; anonymousId: string };

interface SegmentParams {
  context?: ExtraContext | undefined;
  timestamp?: Date | string | undefined;
  integrations?: IntegrationsOptions | undefined;
  /** Default: a new one. Repeats are found by it. */
  messageId?: string | undefined;
}

/** What `identify` takes. */
export type IdentifyParams = SegmentParams & SegmentIdentity & { traits?: UserTraits | undefined };
/** What `track` takes. */
export type TrackParams = SegmentParams & SegmentIdentity & { event: string; properties?: KnownProperties | undefined };
/** What `page` and `screen` take. */
export type PageParams = SegmentParams &
  SegmentIdentity & {
    category?: string | undefined;
    name?: string | undefined;
    properties?: KnownProperties | undefined;
  };
/** What `group` takes. */
export type GroupParams = SegmentParams & SegmentIdentity & { groupId: string; traits?: GroupTraits | undefined };
/** What `alias` takes. */
export type AliasParams = SegmentParams & { userId: string; previousId: string };

/** What `flush` takes. */
export interface FlushParams {
  /** Milliseconds to wait at most. */
  timeout?: number | undefined;
  /** Whether to take no more messages. Default: false. */
  close?: boolean | undefined;
}

/** What `closeAndFlush` takes. */
export interface CloseAndFlushParams {
  /** Milliseconds to wait at most. */
  timeout?: number | undefined;
}
