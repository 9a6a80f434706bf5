import type { OpenFields } from "@pintle/events";

/** Traits, properties or a context. See {@link Analytics}. */
export type apiObject = OpenFields;

/** Destinations by name. See {@link Analytics}. */
export interface integrationOptions {
  All?: boolean;
  [index: string]: boolean | apiObject | undefined;
}

/** What was sent, as callbacks are told of it. See {@link Analytics}. */
export interface SentBatch {
  readonly batch: readonly object[];
  readonly timestamp: Date;
  readonly sentAt: Date;
}

/**
 * Called once, when the message has been delivered, with what was sent, or with the reason why it
 * was given up. See {@link Analytics}.
 */
export type apiCallback = (error?: Error | undefined, data?: SentBatch | undefined) => void;
/**
 * Called once, when everything is delivered, with what was sent, or with the reason why something
 * was given up. See {@link Analytics}.
 */
export type FlushCallback = (error?: Error | undefined, data?: SentBatch | undefined) => void;

type IdentityOptions = { userId: string; anonymousId?: string } | { userId?: string; anonymousId: string };

interface RudderParams {
  context?: apiObject;
  integrations?: integrationOptions;
  timestamp?: Date;
  messageId?: string;
  /** When it happened, for events of the past. Default: the time of the call. */
  originalTimestamp?: Date | string;
  [field: string]: unknown;
}

/** What `identify` takes. See {@link Analytics}. */
export type IdentifyParams = RudderParams & { traits?: apiObject } & IdentityOptions;
/** What `page` takes. See {@link Analytics}. */
export type PageParams = RudderParams & { name?: string; category?: string; properties?: apiObject } & IdentityOptions;
/** What `track` takes. See {@link Analytics}. */
export type TrackParams = RudderParams & { event: string; properties?: apiObject } & IdentityOptions;
/** What `group` takes. See {@link Analytics}. */
export type GroupParams = RudderParams & { groupId: string; traits?: apiObject } & IdentityOptions;
/** What `screen` takes. See {@link Analytics}. */
export type ScreenParams = RudderParams & { name: string; properties?: apiObject } & IdentityOptions;
/** What `alias` takes. See {@link Analytics}. */
export type AliasParams = RudderParams & { previousId: string; properties?: apiObject } & IdentityOptions;
