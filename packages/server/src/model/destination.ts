import type { EventFilter } from "./event-filter.ts";

/** Where a type of the owner stands, for who cannot be given the type itself. */
export interface OwnTypeHome {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted: a change that is refused changes no type. */
  readonly text: string;
  /**
   * Another one for each time that the configuration was run: a destination starts anew with what
   * its code is then.
   */
  readonly run: string;
}

export interface Destination {
  /** `[a-z0-9_-]{1,64}`, unique among the destinations; it names topics and progress. */
  readonly id: string;
  /** The id in RudderStack, which warehouses write in place of `id`. */
  readonly rudderStackId?: string;
  /** The key under which the configuration lists it. */
  readonly name: string;
  /** A key of `destinationTypes`, or the name of a type that the owner has written. */
  readonly type: string;
  /** The home of a type that the owner has written; absent for others. */
  readonly ownType?: OwnTypeHome;
  readonly enabled: boolean;
  /** Absent: it gets everything that its sources send and `integrations` does not keep away. */
  readonly filter?: EventFilter;
  /** Events a second that go out to it at most; absent: no limit. */
  readonly rateLimit?: number;
  /** Present: its events go through the function `transform` of its entry. */
  readonly transform?: TransformSettings;
  /**
   * What the schema of the type made of the destination's own keys. Secrets stand in it in the
   * clear.
   */
  readonly settings: unknown;
  /** What of them comes from the environment: it is hidden, whatever the schema says of it. */
  readonly secrets?: readonly string[];
}

/**
 * Where a transformation stands, and its limits. The function itself cannot be handed to another
 * thread.
 */
export interface TransformSettings {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted: a change that is refused changes no transformation. */
  readonly text: string;
  /**
   * Another one for each time that the configuration was run: a reload runs what its imports are
   * then.
   */
  readonly run: string;
  /** Milliseconds for one event. */
  readonly timeout: number;
  /** MB of JavaScript heap. */
  readonly memory: number;
}
