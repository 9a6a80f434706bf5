/** A sender of events: its keys, and where its events go. */
export interface Source {
  /** `[a-z0-9_-]{1,64}`, unique among the sources. */
  readonly id: string;
  /** The id in RudderStack, which warehouses write in place of `id`. */
  readonly rudderStackId?: string;
  readonly name: string;
  /** The write keys, at least one; no two sources share one. */
  readonly writeKeys: readonly string[];
  readonly enabled: boolean;
  /** Ids of destinations, all of which exist. */
  readonly destinations: readonly string[];
  /** Events a second, above which the gateway answers 429; absent: no limit. */
  readonly rateLimit?: number;
}
