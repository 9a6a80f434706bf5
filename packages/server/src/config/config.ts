import type { DestinationType } from "@pintle/destinations/kit";
import type { Redact } from "../redactor.ts";
import type { EventFilter } from "../router/filter.ts";

/**
 * A configuration after it was read, checked and completed. Plain data apart from `redact`, so that it can be handed to
 * another thread: `{ sources, destinations }` survive a structured clone.
 */
export interface Config {
  /** Absolute path of the file; `undefined` for one that was not read from a file. */
  readonly file: string | undefined;
  /** What the file held when it was loaded, to see whether it has changed since. */
  readonly text?: string;
  /** Relative paths in settings start here: the folder of the file. */
  readonly directory: string;
  readonly sources: readonly Source[];
  readonly destinations: readonly Destination[];
  /** What is allowed and can hardly be meant, one line each. */
  readonly warnings: readonly string[];
  /** Bytes of memory for the events of all destinations; absent: by what the machine has. */
  readonly memory?: number;
  /** What a `workspaceConfig.json` says that could not be carried over, one line each. */
  readonly omitted?: readonly string[];
  /** Write keys, what `env` brought in, and what destinations call secret. */
  readonly secrets: readonly string[];
  /** Types of destinations that the owner has written, by their names. Absent: none. */
  readonly ownTypes?: ReadonlyMap<string, DestinationType>;
  /** Hides the secrets. */
  readonly redact: Redact;
}

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

/** Where a type of the owner stands, for who cannot be given the type itself. */
export interface OwnTypeHome {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted: a change that is refused changes no type. */
  readonly text: string;
  /** Another one for each time that the configuration was run: a destination starts anew with what its code is then. */
  readonly run: string;
}

export interface Destination {
  /** `[a-z0-9_-]{1,64}`, unique among the destinations; it names topics and progress. */
  readonly id: string;
  /** Its id in RudderStack, which warehouses write in place of `id`. */
  readonly rudderStackId?: string;
  /** The key under which the configuration lists it. */
  readonly name: string;
  /** A key of `destinationTypes`, or the name of a type that the owner has written. */
  readonly type: string;
  /** Only of a type that the owner has written. */
  readonly ownType?: OwnTypeHome;
  readonly enabled: boolean;
  /** Absent: it gets everything that its sources send and `integrations` does not keep away. */
  readonly filter?: EventFilter;
  /** Events a second that go out to it at most; absent: no limit. */
  readonly rateLimit?: number;
  /** Present: its events go through the function `transform` of its entry. */
  readonly transform?: TransformSettings;
  /** What the schema of the type made of the destination's own keys. Secrets stand in it in the clear. */
  readonly settings: unknown;
}

/** Where a transformation stands, and its limits. The function itself cannot be handed to another thread. */
export interface TransformSettings {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted: a change that is refused changes no transformation. */
  readonly text: string;
  /** Another one for each time that the configuration was run: a reload runs what its imports are then. */
  readonly run: string;
  /** Milliseconds for one event. */
  readonly timeout: number;
  /** MB of JavaScript heap. */
  readonly memory: number;
}
