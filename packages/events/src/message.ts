/**
 * The six calls of the field and their common fields.
 *
 * Source of names and presence: RudderStack's Go SDK page (docs of the calls identify, track, page, screen, group and
 * alias) and the HTTP API that the SDKs share.
 */

/** The six calls, in the order in which their documentation lists them. */
export const messageTypes = ["identify", "track", "page", "screen", "group", "alias"] as const;

export type MessageType = (typeof messageTypes)[number];

/** Facts about a user (identify, alias) or a group (group). Values are anything that JSON can carry, and `Date`. */
export type Traits = Readonly<Record<string, unknown>>;

/** Facts about an event, a page or a screen. Values are anything that JSON can carry, and `Date`. */
export type Properties = Readonly<Record<string, unknown>>;

/** Where a message came from: `ip`, `userAgent`, `page`, `campaign`, `device` and whatever else the program knows. */
export type Context = Readonly<Record<string, unknown>>;

/** Destinations by name: `true` or an object of options includes one, `false` excludes it; `All` sets the default. */
export type Integrations = Readonly<Record<string, boolean | Readonly<Record<string, unknown>>>>;

/** What all six calls have in common. One of `userId` and `anonymousId` has to be there and not empty. */
export interface CommonFields {
  /** The user's id in the program's own database. Numbers become strings. */
  readonly userId?: string | number | undefined;
  /** Stands for a user who is not known yet. Numbers become strings. */
  readonly anonymousId?: string | number | undefined;
  /** Default: a new UUID v4. Destinations drop repeats by it. */
  readonly messageId?: string | undefined;
  /** When it happened, if that was not now. A `Date`, or an ISO 8601 string. Default: left to the data plane. */
  readonly timestamp?: Date | string | undefined;
  readonly context?: Context | undefined;
  readonly integrations?: Integrations | undefined;
}

/** Ties a user to their traits. */
export interface Identify extends CommonFields {
  readonly type: "identify";
  readonly traits?: Traits | undefined;
}

/** Records something that a user did. */
export interface Track extends CommonFields {
  readonly type: "track";
  /** Name of the event, not empty. */
  readonly event: string;
  readonly properties?: Properties | undefined;
}

/** Records a page view. */
export interface Page extends CommonFields {
  readonly type: "page";
  /** Required by the documentation, hence by the type; absent at run time it is accepted, as the Go SDK does. */
  readonly name: string;
  readonly category?: string | undefined;
  readonly properties?: Properties | undefined;
}

/** Records a view of a screen of an app. */
export interface Screen extends CommonFields {
  readonly type: "screen";
  /** Required by the documentation, hence by the type; absent at run time it is accepted, as the Go SDK does. */
  readonly name: string;
  readonly category?: string | undefined;
  readonly properties?: Properties | undefined;
}

/** Ties a user to a company, a project or a team. */
export interface Group extends CommonFields {
  readonly type: "group";
  /** Id of the group in the program's own database, not empty. Numbers become strings. */
  readonly groupId: string | number;
  readonly traits?: Traits | undefined;
}

/** Ties a new identity of a user to an earlier one. */
export interface Alias extends CommonFields {
  readonly type: "alias";
  /** The earlier identity, not empty. Numbers become strings. */
  readonly previousId: string | number;
  readonly traits?: Traits | undefined;
}

export type Message = Identify | Track | Page | Screen | Group | Alias;
