import { isObject } from "@pintle/events";
import { JsonPaths, jsonPathProblem } from "./json-paths.ts";

/** The options of a single event, in `integrations.POSTGRES.options`. */
export interface EventOptions {
  readonly jsonPaths: JsonPaths;
  readonly skipTracks: boolean;
  readonly skipUsers: boolean;
}

export interface WarehouseOptions extends Omit<EventOptions, "jsonPaths"> {
  readonly jsonPaths: readonly string[];
}

/** Size of the cache of options: nearly all events of a client have the same ones. */
const mostKept = 1000;
/** Limits of an event's paths: how many, and characters of each. */
const mostPaths = 100;
const longestPath = 1000;

/** Reads the options of events; invalid ones count as absent. */
export class OptionsReader {
  readonly #settings: WarehouseOptions;
  readonly #keys: readonly string[];
  readonly #own: EventOptions;
  readonly #paths = new Map<string, JsonPaths>();

  /** @param keys of `integrations` that mean this destination; the first that has options counts */
  constructor(settings: WarehouseOptions, keys: readonly string[]) {
    this.#settings = settings;
    this.#keys = keys;
    const { skipTracks, skipUsers, jsonPaths } = settings;
    this.#own = { skipTracks, skipUsers, jsonPaths: new JsonPaths(jsonPaths) };
  }

  of(integrations: unknown): EventOptions {
    if (!isObject(integrations)) return this.#own;
    const options = this.#keys.map((key) => optionsAt(integrations, key)).find((found) => found !== undefined);
    if (options === undefined) return this.#own;
    const { skipTracksTable, skipUsersTable, jsonPaths } = options;
    return {
      skipTracks: typeof skipTracksTable === "boolean" ? skipTracksTable : this.#own.skipTracks,
      skipUsers: typeof skipUsersTable === "boolean" ? skipUsersTable : this.#own.skipUsers,
      jsonPaths: this.#with(pathsIn(jsonPaths)),
    };
  }

  /** The paths of the settings, and these. */
  #with(paths: readonly string[]): JsonPaths {
    if (paths.length === 0) return this.#own.jsonPaths;
    const key = paths.join(",");
    let known = this.#paths.get(key);
    if (known === undefined) {
      known = new JsonPaths([...this.#settings.jsonPaths, ...paths]);
      if (this.#paths.size >= mostKept) this.#paths.clear();
      this.#paths.set(key, known);
    }
    return known;
  }
}

/**
 * A list, or a text with commas. A path without a type and a section is one of a track's
 * properties, as it was in RudderStack once.
 */
function pathsIn(value: unknown): string[] {
  const list = typeof value === "string" ? value.split(",", mostPaths) : Array.isArray(value) ? value : [];
  return list.slice(0, mostPaths).flatMap((path: unknown) => {
    if (typeof path !== "string" || path.length > longestPath) return [];
    const trimmed = path.trim();
    return [trimmed, `track.properties.${trimmed}`].filter((one) => jsonPathProblem(one) === undefined).slice(0, 1);
  });
}

function optionsAt(integrations: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> | undefined {
  const chosen = Object.hasOwn(integrations, key) ? integrations[key] : undefined;
  return isObject(chosen) && isObject(chosen.options) ? chosen.options : undefined;
}
