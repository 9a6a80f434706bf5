import type { EnvReference } from "./env.ts";

/** What `pintle.config.ts` exports by default, and what a `pintle.config.json` holds. */
export interface PintleConfig {
  /** Programs that send events; at least one. */
  readonly sources: readonly SourceConfig[];
  /** Where events go, by names of your own. */
  readonly destinations?: Readonly<Record<string, DestinationConfig>>;
}

export interface SourceConfig<DestinationName extends string = string> {
  readonly name: string;
  /**
   * Names positions and topics: a source that is renamed keeps its place if its `id` stays.
   * @default the name made to fit `[a-z0-9_-]{1,64}`
   */
  readonly id?: string;
  /** What the source authenticates with; several while keys are rotated. */
  readonly writeKey: string | EnvReference | readonly (string | EnvReference)[];
  /** A source that is not enabled is answered with 404. @default true */
  readonly enabled?: boolean;
  /** Names of destinations that get the events of this source. @default none: events are stored and go nowhere */
  readonly destinations?: readonly DestinationName[];
  /** Events a second above which the answer is 429. @default no limit */
  readonly rateLimit?: number;
}

export interface DestinationConfig {
  /** `webhook`, `file`. */
  readonly type: string;
  /**
   * Names positions and topics: a destination that is renamed goes on where it was if its `id` stays.
   * @default the destination's name made to fit `[a-z0-9_-]{1,64}`
   */
  readonly id?: string;
  /** @default true */
  readonly enabled?: boolean;
  /** The settings of the type. */
  readonly [setting: string]: unknown;
}

/**
 * Gives a configuration its types: an editor completes it, and the compiler refuses a source that names a destination which
 * does not exist. It changes nothing and checks nothing when it runs; that is done when the configuration is loaded.
 */
export function defineConfig<const Destinations extends Readonly<Record<string, DestinationConfig>>>(config: {
  readonly sources: readonly SourceConfig<NoInfer<keyof Destinations & string>>[];
  readonly destinations?: Destinations;
}): PintleConfig {
  return config;
}
