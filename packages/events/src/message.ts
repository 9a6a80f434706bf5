import type { KnownContext } from "./context.ts";
import type { KnownProperties, KnownTraits, OpenFields } from "./fields.ts";

/**
 * The six calls of the field and their common fields.
 *
 * Source of names and presence: RudderStack's Go SDK page (docs of the calls identify, track, page,
 * screen, group and alias) and the HTTP API that the SDKs share.
 */

/** The six calls, in the order in which their documentation lists them. */
export const messageTypes = ["identify", "track", "page", "screen", "group", "alias"] as const;

export type MessageType = (typeof messageTypes)[number];

/**
 * Facts about a user (identify, alias) or a group (group). Values are anything that JSON can carry,
 * and `Date`.
 */
export type Traits = KnownTraits;

/**
 * Facts about an event, a page or a screen. Values are anything that JSON can carry, and `Date`.
 */
export type Properties = KnownProperties;

/**
 * Where a message came from: `ip`, `userAgent`, `page`, `campaign`, `device` and whatever else the
 * program knows.
 */
export type Context = KnownContext;

/**
 * Destinations by name: `true` or an object of options includes one, `false` excludes it; `All`
 * sets the default.
 */
export type Integrations = Readonly<Record<string, boolean | OpenFields | undefined>>;

/**
 * An id in the program's own database, not empty. Numbers become strings; beyond 2^53 give a string
 * or a BigInt.
 */
export type Id = string | number | bigint;

/**
 * The user that a message is about. One of the two has to be there: the user's id, or what stands
 * for a user who is not known yet.
 *
 * @example
 * ```ts
 * import type { Identity } from "@pintle/sdk";
 *
 * const visitor: Identity = { anonymousId: "device-7" };
 * client.track({ ...visitor, event: "Looked Around" });
 * ```
 */
export type Identity =
  | { readonly userId: Id; readonly anonymousId?: Id | undefined }
  | { readonly userId?: Id | undefined; readonly anonymousId: Id };

/** What all six calls have in common beside the {@link Identity}. */
export interface CommonFields {
  /** Default: a new UUID v4. Destinations drop repeats by it. */
  readonly messageId?: string | undefined;
  /**
   * When it happened, if that was not now. A `Date`, an ISO 8601 string, or what has a
   * `toISOString` (Moment, Day.js). Default: left to the data plane.
   */
  readonly timestamp?: Date | string | { toISOString(): string } | undefined;
  readonly context?: Context | undefined;
  readonly integrations?: Integrations | undefined;
}

/** Ties a user to their traits. */
export type Identify = Identity & CommonFields & { readonly type: "identify"; readonly traits?: Traits | undefined };

/** Records something that a user did. */
export type Track = Identity &
  CommonFields & {
    readonly type: "track";
    /** Name of the event, not empty. */
    readonly event: string;
    readonly properties?: Properties | undefined;
  };

/** Records a page view. */
export type Page = Identity & CommonFields & { readonly type: "page" } & ViewFields;

/** Records a view of a screen of an app. */
export type Screen = Identity & CommonFields & { readonly type: "screen" } & ViewFields;

/** What a page and a screen have. */
export interface ViewFields {
  /**
   * Required by the documentation, hence by the type; absent at run time it is accepted, as the Go
   * SDK does.
   */
  readonly name: string;
  readonly category?: string | undefined;
  readonly properties?: Properties | undefined;
}

/** Ties a user to a company, a project or a team. */
export type Group = Identity &
  CommonFields & {
    readonly type: "group";
    /** Id of the group. */
    readonly groupId: Id;
    readonly traits?: Traits | undefined;
  };

/** Ties a new identity of a user to an earlier one. */
export type Alias = Identity &
  CommonFields & {
    readonly type: "alias";
    /** The earlier identity. */
    readonly previousId: Id;
    readonly traits?: Traits | undefined;
  };

export type Message = Identify | Track | Page | Screen | Group | Alias;
