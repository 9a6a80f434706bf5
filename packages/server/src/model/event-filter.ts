/** What a configuration says about the events that a destination gets. */
export interface EventFilter {
  readonly consent?: ConsentRule | undefined;
  /** The only events that it gets. */
  readonly only?: Selection | undefined;
  /** The events that it does not get. */
  readonly except?: Selection | undefined;
}

/** The consents that a destination needs. */
export interface ConsentRule {
  /**
   * Ids of purposes or categories, as the consent manager writes them into
   * `context.consentManagement`.
   */
  readonly ids: readonly string[];
  /** `and`: one that is denied keeps the event away. `or`: only all of them do. */
  readonly strategy: "and" | "or";
}

/** Some events: all of these types, and the tracks with these names. */
export interface Selection {
  readonly types: readonly string[];
  /** Names of track events, as they are written. */
  readonly events: readonly string[];
}
