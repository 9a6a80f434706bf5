import type { DestinationType } from "@pintle/kit";
import type { Destination } from "../model/destination.ts";
import type { EngineConfig } from "../model/engine.ts";
import type { RouterSetting } from "../model/router.ts";
import type { Source } from "../model/source.ts";
import type { Redact } from "../redactor.ts";

/**
 * A configuration after it was read, checked and completed. Plain data apart from `redact`, so that
 * it can be handed to another thread: `{ sources, destinations }` survive a structured clone.
 */
export interface DataPlaneConfig {
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
  /** Where accepted events are kept. */
  readonly engine: EngineConfig;
  /** Bytes of memory for the events of all destinations; absent: by what the machine has. */
  readonly memory?: number;
  /** How many threads bring events to destinations; absent: one. */
  readonly router?: RouterSetting;
  /** What a `workspaceConfig.json` says that could not be carried over, one line each. */
  readonly omitted?: readonly string[];
  /** Write keys, what `env` brought in, and what destinations call secret. */
  readonly secrets: readonly string[];
  /** Types of destinations that the owner has written, by their names. Absent: none. */
  readonly ownTypes?: ReadonlyMap<string, DestinationType>;
  /** Hides the secrets. */
  readonly redact: Redact;
}
