import type { Fields } from "@pintle/events";

/** Traits, properties or a context. */
export type apiObject = Fields;

/** Destinations by name. */
export interface integrationOptions {
  All?: boolean;
  [index: string]: boolean | apiObject | undefined;
}

/** What was sent, as callbacks are told of it. */
export interface SentBatch {
  readonly batch: readonly object[];
  readonly timestamp: Date;
  readonly sentAt: Date;
}

/** Called once, when the message has been delivered, with what was sent, or with the reason why it was given up. */
export type apiCallback = (error?: Error | undefined, data?: SentBatch | undefined) => void;
/** Called once, when everything is delivered, with what was sent, or with the reason why something was given up. */
export type FlushCallback = (error?: Error | undefined, data?: SentBatch | undefined) => void;

type IdentityOptions = { userId: string; anonymousId?: string } | { userId?: string; anonymousId: string };

interface CommonParams {
  context?: apiObject;
  integrations?: integrationOptions;
  timestamp?: Date;
  messageId?: string;
  /** When it happened, for events of the past. Default: the time of the call. */
  originalTimestamp?: Date | string;
  [field: string]: unknown;
}

/** What `identify` takes. */
export type IdentifyParams = CommonParams & { traits?: apiObject } & IdentityOptions;
/** What `page` takes. */
export type PageParams = CommonParams & { name?: string; category?: string; properties?: apiObject } & IdentityOptions;
/** What `track` takes. */
export type TrackParams = CommonParams & { event: string; properties?: apiObject } & IdentityOptions;
/** What `group` takes. */
export type GroupParams = CommonParams & { groupId: string; traits?: apiObject } & IdentityOptions;
/** What `screen` takes. */
export type ScreenParams = CommonParams & { name: string; properties?: apiObject } & IdentityOptions;
/** What `alias` takes. */
export type AliasParams = CommonParams & { previousId: string; properties?: apiObject } & IdentityOptions;
