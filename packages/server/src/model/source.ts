/** Who may send, under which keys, and where its events go. */
export interface Source {
  /** `[a-z0-9_-]{1,64}`, unique among the sources. */
  readonly id: string;
  /** Its id in RudderStack, which warehouses write in place of `id`. */
  readonly rudderStackId?: string;
  readonly name: string;
  /** At least one; no two sources share a key. */
  readonly writeKeys: readonly string[];
  readonly enabled: boolean;
  /** Ids of destinations, all of which exist. */
  readonly destinations: readonly string[];
  /** Events a second, above which the gateway answers 429; absent: no limit. */
  readonly rateLimit?: number;
}
