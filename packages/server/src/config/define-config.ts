import type { MessageType } from "@pintle/events";
import type { DestinationType } from "@pintle/kit";
import type { Transform } from "../model/transform.ts";
import type { EnvReference } from "./env.ts";
import type { TypeConfig } from "./type-configs.ts";

/** What `pintle.config.ts` exports by default, and what a `pintle.config.json` holds. */
export interface PintleConfig {
  /** Programs that send events; at least one. */
  readonly sources: readonly SourceConfig[];
  /** Where events go, by names of your own. */
  readonly destinations?: Readonly<Record<string, DestinationConfig>>;
  /**
   * What the events of all destinations may take in memory: bytes, or a text like `"256MB"`, from
   * 64 MB to 64 GB.
   * @default a quarter of what the machine or the container has, from 64 to 512 MB
   */
  readonly memory?: number | string;
  readonly engine?: EngineEntry;
  readonly router?: RouterEntry;
}

/** Where accepted events are kept. @default { type: "embedded" } */
export interface EngineEntry {
  /** `embedded`: in files in the data folder. */
  readonly type: "embedded";
  /**
   * The number of partitions into which events are divided by user key: 1 to 64. A data folder
   * keeps the number that it was made with. @default 1
   */
  readonly partitions?: number;
}

/** What brings events to destinations. */
export interface RouterEntry {
  /**
   * Over how many threads destinations are spread: 1 to 16, and no more than destinations.
   * @default 1
   */
  readonly threads?: number;
}

export interface SourceConfig<DestinationName extends string = string> {
  readonly name: string;
  /**
   * Names positions and topics: a source that is renamed keeps its place if its `id` stays.
   * @default the name made to fit `[a-z0-9_-]{1,64}`
   */
  readonly id?: string;
  /**
   * The id in RudderStack, if it comes from there: warehouses write it into their rows. @default
   * `id`
   */
  readonly rudderStackId?: string;
  /** What the source authenticates with; several while keys are rotated. */
  readonly writeKey: string | EnvReference | readonly (string | EnvReference)[];
  /** A source that is not enabled is answered with 404. @default true */
  readonly enabled?: boolean;
  /**
   * Names of destinations that get the events of this source. @default none: events are stored and
   * go nowhere
   */
  readonly destinations?: readonly DestinationName[];
  /** Events a second above which the answer is 429. @default no limit */
  readonly rateLimit?: number;
}

/** A destination: what all have, and the settings of its type (docs/destinations). */
export type DestinationConfig = (TypeConfig & CommonDestinationConfig) | OwnEntry;

interface CommonDestinationConfig {
  /**
   * Names positions and topics: a destination that is renamed goes on where it was if its `id`
   * stays.
   * @default the destination's name made to fit `[a-z0-9_-]{1,64}`
   */
  readonly id?: string;
  /**
   * The id in RudderStack, if it comes from there: warehouses write it into their rows. @default
   * `id`
   */
  readonly rudderStackId?: string;
  /** @default true */
  readonly enabled?: boolean;
  /** Events a second that go out to it at most. @default no limit */
  readonly rateLimit?: number;
  /** The only events that it gets. */
  readonly only?: SelectionConfig;
  /** The events that it does not get. */
  readonly except?: SelectionConfig;
  /** Changes events on their way to it: docs/transformations.md. */
  readonly transform?: Transform;
  /** How long it may take for one event. @default "1s" */
  readonly transformTimeout?: number | string;
  /** MB of memory that it may use. @default 128 */
  readonly transformMemory?: number;
  /**
   * Consents that its events need: `context.consentManagement.deniedConsentIds` of an event says
   * which are denied.
   */
  readonly consent?: {
    readonly ids: readonly string[];
    /** `and`: one that is denied keeps the event away. `or`: only all of them do. @default "and" */
    readonly strategy?: "and" | "or";
  };
}

/** Some events: all of these types, and the tracks with these names. */
export interface SelectionConfig {
  readonly types?: readonly (MessageType | "merge")[];
  /** Names of track events, as they are written. */
  readonly events?: readonly string[];
}

/**
 * A destination of a type of your own (docs/writing-a-destination.md). Its settings are checked
 * when the configuration is loaded.
 */
type OwnEntry = CommonDestinationConfig & {
  readonly type: DestinationType;
  readonly [setting: string]: unknown;
};

/**
 * Gives a configuration its types: an editor completes it, and the compiler refuses a source that
 * names a destination which does not exist, and settings that the type does not have. It changes
 * nothing and checks nothing when it runs; that is done when the configuration is loaded.
 */
export function defineConfig<const Name extends string = never>(config: {
  readonly sources: readonly SourceConfig<NoInfer<Name>>[];
  readonly destinations?: Readonly<Record<Name, DestinationConfig>>;
  readonly memory?: number | string;
  readonly engine?: EngineEntry;
  readonly router?: RouterEntry;
}): PintleConfig {
  return config;
}
