import type { KnownTraits, OpenFields } from "./fields.ts";

/**
 * The parts of `context` that destinations know by name. Names are those of RudderStack's Go SDK;
 * every part may have further fields, which are sent as they are. 0 and `false` are values: a
 * latitude of 0 is on the equator.
 *
 * @example
 * ```ts
 * import { type KnownContext, Pintle } from "@pintle/sdk";
 *
 * const defaultContext: KnownContext = {
 *   app: { name: "shop", version: "1.4.2" },
 *   location: { latitude: 0, longitude: 6.7 },
 *   locale: "de-AT",
 * };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { defaultContext });
 * await client.close();
 * ```
 */
export interface KnownContext extends OpenFields {
  readonly app?: AppInfo | null | undefined;
  readonly campaign?: CampaignInfo | null | undefined;
  readonly device?: DeviceInfo | null | undefined;
  /** Filled in by the SDK: its own name and version. */
  readonly library?: LibraryInfo | null | undefined;
  readonly location?: LocationInfo | null | undefined;
  readonly network?: NetworkInfo | null | undefined;
  readonly os?: OSInfo | null | undefined;
  readonly page?: PageInfo | null | undefined;
  readonly referrer?: ReferrerInfo | null | undefined;
  readonly screen?: ScreenInfo | null | undefined;
  /** Address of the user, not of the server. */
  readonly ip?: string | null | undefined;
  /** Whether the user's own device sends the message. */
  readonly direct?: boolean | null | undefined;
  /** A language tag, for example `"de-AT"`. */
  readonly locale?: string | null | undefined;
  /** IANA name, for example `"Europe/Vienna"`. */
  readonly timezone?: string | null | undefined;
  readonly userAgent?: string | null | undefined;
  /** Traits of the user, for destinations that want them with every event. */
  readonly traits?: KnownTraits | null | undefined;
}

/** The app that the user has. Part of {@link KnownContext}. */
export interface AppInfo extends OpenFields {
  readonly name?: string | null | undefined;
  readonly version?: string | null | undefined;
  readonly build?: string | null | undefined;
  readonly namespace?: string | null | undefined;
}

/** What brought the user: the UTM parameters. Part of {@link KnownContext}. */
export interface CampaignInfo extends OpenFields {
  readonly name?: string | null | undefined;
  readonly source?: string | null | undefined;
  readonly medium?: string | null | undefined;
  readonly term?: string | null | undefined;
  readonly content?: string | null | undefined;
}

/** The device that the user has. Part of {@link KnownContext}. */
export interface DeviceInfo extends OpenFields {
  readonly id?: string | null | undefined;
  readonly manufacturer?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly version?: string | null | undefined;
  readonly advertisingId?: string | null | undefined;
}

/** The SDK. Part of {@link KnownContext}. */
export interface LibraryInfo extends OpenFields {
  readonly name?: string | null | undefined;
  readonly version?: string | null | undefined;
}

/** Where the user is. Part of {@link KnownContext}. */
export interface LocationInfo extends OpenFields {
  readonly city?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly region?: string | null | undefined;
  /** Degrees, north is positive. */
  readonly latitude?: number | string | null | undefined;
  /** Degrees, east is positive. */
  readonly longitude?: number | string | null | undefined;
  readonly speed?: number | null | undefined;
}

/** How the user's device is connected. Part of {@link KnownContext}. */
export interface NetworkInfo extends OpenFields {
  readonly bluetooth?: boolean | null | undefined;
  readonly cellular?: boolean | null | undefined;
  readonly wifi?: boolean | null | undefined;
  readonly carrier?: string | null | undefined;
}

/** The operating system of the user's device. Part of {@link KnownContext}. */
export interface OSInfo extends OpenFields {
  readonly name?: string | null | undefined;
  readonly version?: string | null | undefined;
}

/** The page on which the user is. Part of {@link KnownContext}. */
export interface PageInfo extends OpenFields {
  readonly hash?: string | null | undefined;
  readonly path?: string | null | undefined;
  readonly referrer?: string | null | undefined;
  readonly search?: string | null | undefined;
  readonly title?: string | null | undefined;
  readonly url?: string | null | undefined;
}

/** What led the user here. Part of {@link KnownContext}. */
export interface ReferrerInfo extends OpenFields {
  readonly type?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly url?: string | null | undefined;
  readonly link?: string | null | undefined;
}

/** The screen of the user's device. Part of {@link KnownContext}. */
export interface ScreenInfo extends OpenFields {
  readonly density?: number | null | undefined;
  /** Pixels. */
  readonly width?: number | null | undefined;
  /** Pixels. */
  readonly height?: number | null | undefined;
}
