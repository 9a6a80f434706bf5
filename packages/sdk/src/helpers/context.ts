/**
 * The parts of `context` that destinations know by name. Names are those of RudderStack's Go SDK; every part may have
 * further fields, which are sent as they are. 0 and `false` are values: a latitude of 0 is on the equator.
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
export interface KnownContext {
  readonly app?: AppInfo | undefined;
  readonly campaign?: CampaignInfo | undefined;
  readonly device?: DeviceInfo | undefined;
  /** Filled in by the SDK: its own name and version. */
  readonly library?: LibraryInfo | undefined;
  readonly location?: LocationInfo | undefined;
  readonly network?: NetworkInfo | undefined;
  readonly os?: OSInfo | undefined;
  readonly page?: PageInfo | undefined;
  readonly referrer?: ReferrerInfo | undefined;
  readonly screen?: ScreenInfo | undefined;
  /** Address of the user, not of the server. */
  readonly ip?: string | undefined;
  /** Whether the user's own device sends the message. */
  readonly direct?: boolean | undefined;
  /** For example `"de-AT"`. */
  readonly locale?: string | undefined;
  /** IANA name, for example `"Europe/Vienna"`. */
  readonly timezone?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Traits of the user, for destinations that want them with every event. */
  readonly traits?: Readonly<Record<string, unknown>> | undefined;
  readonly [field: string]: unknown;
}

/** The app that the user has. Part of {@link KnownContext}. */
export interface AppInfo {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly build?: string | undefined;
  readonly namespace?: string | undefined;
  readonly [field: string]: unknown;
}

/** What brought the user: the UTM parameters. Part of {@link KnownContext}. */
export interface CampaignInfo {
  readonly name?: string | undefined;
  readonly source?: string | undefined;
  readonly medium?: string | undefined;
  readonly term?: string | undefined;
  readonly content?: string | undefined;
  readonly [field: string]: unknown;
}

/** The device that the user has. Part of {@link KnownContext}. */
export interface DeviceInfo {
  readonly id?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly version?: string | undefined;
  readonly advertisingId?: string | undefined;
  readonly [field: string]: unknown;
}

/** The SDK. Part of {@link KnownContext}. */
export interface LibraryInfo {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly [field: string]: unknown;
}

/** Where the user is. Part of {@link KnownContext}. */
export interface LocationInfo {
  readonly city?: string | undefined;
  readonly country?: string | undefined;
  readonly region?: string | undefined;
  /** Degrees, north is positive. */
  readonly latitude?: number | undefined;
  /** Degrees, east is positive. */
  readonly longitude?: number | undefined;
  readonly speed?: number | undefined;
  readonly [field: string]: unknown;
}

/** How the user's device is connected. Part of {@link KnownContext}. */
export interface NetworkInfo {
  readonly bluetooth?: boolean | undefined;
  readonly cellular?: boolean | undefined;
  readonly wifi?: boolean | undefined;
  readonly carrier?: string | undefined;
  readonly [field: string]: unknown;
}

/** The operating system of the user's device. Part of {@link KnownContext}. */
export interface OSInfo {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly [field: string]: unknown;
}

/** The page on which the user is. Part of {@link KnownContext}. */
export interface PageInfo {
  readonly hash?: string | undefined;
  readonly path?: string | undefined;
  readonly referrer?: string | undefined;
  readonly search?: string | undefined;
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  readonly [field: string]: unknown;
}

/** What led the user here. Part of {@link KnownContext}. */
export interface ReferrerInfo {
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly link?: string | undefined;
  readonly [field: string]: unknown;
}

/** The screen of the user's device. Part of {@link KnownContext}. */
export interface ScreenInfo {
  readonly density?: number | undefined;
  /** Pixels. */
  readonly width?: number | undefined;
  /** Pixels. */
  readonly height?: number | undefined;
  readonly [field: string]: unknown;
}
