import type { TypeTranslator } from "@pintle/destinations";
import { isDeleted, kindOf, objects, RudderStackSettings, readFlag, text } from "@pintle/destinations/rudderstack";
import { isPlainObject } from "./env.ts";
import { UniqueIds } from "./unique-ids.ts";
import { consentOf, eventsOf } from "./workspace-destinations.ts";

export { isWorkspaceConfig } from "./workspaces.ts";

/*
 * RudderStack keeps what is configured in its dashboard in a file `workspaceConfig.json`: sources,
 * and in each of them the destinations that are connected to it. Here it becomes a configuration of
 * Pintle.
 */

/** What a `workspaceConfig.json` becomes. */
export interface Translation {
  /** The configuration as `pintle.config.json` would say it, still to be checked. */
  readonly config: {
    readonly sources: readonly WorkspaceEntry[];
    readonly destinations: Readonly<Record<string, WorkspaceEntry>>;
  };
  /** What could not be carried over, one line each. */
  readonly omitted: readonly string[];
}

type WorkspaceEntry = Readonly<Record<string, unknown>>;

/** Translators by the name of a destination's definition. */
export type Translators = ReadonlyMap<string, TypeTranslator>;

/**
 * Pure; it refuses nothing: what makes no sense is left out and named, or left to the checks of the
 * configuration.
 */
export function translateWorkspace(input: WorkspaceEntry, translators: Translators): Translation {
  return new WorkspaceReader(input, translators).translate();
}

/** The names of the types that a workspace needs, of those for which there are translators. */
export function typesIn(input: WorkspaceEntry, translators: Translators): string[] {
  const destinations = objects(input.sources).flatMap((source) => objects(source.destinations));
  const types = destinations.map((destination) => translators.get(definitionOf(destination).name)?.type);
  return [...new Set(types.filter((type) => type !== undefined))];
}

/** A destination that has been translated, and how sources use it. */
interface TranslatedDestination {
  /** The name in the configuration; `undefined`: it was left out. */
  readonly name: string | undefined;
  /** What the file said of it, to see whether it says something else of it elsewhere. */
  readonly said: string;
  /**
   * Sources whose events it is to get, and others that name it while `isProcessorEnabled` is false
   * there.
   */
  readonly processed: Set<number>;
  readonly unprocessed: Set<number>;
}

/** Goes through a workspace once. */
class WorkspaceReader {
  readonly #sources: readonly WorkspaceEntry[];
  readonly #omitted: string[] = [];
  /**
   * Translated destinations by what identifies them: one of several sources stands in the file
   * several times.
   */
  readonly #known = new Map<string, TranslatedDestination>();
  readonly #destinations = new Map<string, WorkspaceEntry>();
  readonly #translators: Translators;
  readonly #ids: { readonly sources: UniqueIds; readonly destinations: UniqueIds };

  constructor(input: WorkspaceEntry, translators: Translators) {
    this.#translators = translators;
    this.#sources = this.#entries(input.sources, "", "sources").filter((source) => !isDeleted(source));
    const destinations = this.#sources.flatMap((source) => objects(source.destinations));
    const idsOf = (entries: readonly WorkspaceEntry[]) => new UniqueIds(entries.map(({ id }) => text(id)));
    this.#ids = { sources: idsOf(this.#sources), destinations: idsOf(destinations) };
  }

  translate(): Translation {
    const keys = new Map<string, string>();
    const sources = this.#sources.flatMap((source, index) => {
      const name = text(source.name) || text(source.id) || `source ${index + 1}`;
      const label = `source ${JSON.stringify(name)}`;
      const omit = (what: string) => void this.#omitted.push(`${label}: ${what}`);
      this.#connect(source, index, label);
      const writeKey = text(source.writeKey);
      if (writeKey === "") {
        omit("it has no write key, so no SDK sends to it");
        return [];
      }
      const other = keys.get(writeKey);
      if (other !== undefined) {
        omit(`all of it: its write key is that of the ${other}`);
        return [];
      }
      keys.set(writeKey, label);
      if (isPlainObject(source.dgSourceTrackingPlanConfig) && source.dgSourceTrackingPlanConfig.trackingPlan) {
        omit("its tracking plan");
      }
      const id = this.#ids.sources.take(text(source.id), name);
      // An answer of 404 makes clients drop their events, so that has to be said as it is meant.
      const isEnabled = flag(source, "enabled", true, omit);
      return [
        {
          index,
          entry: { ...idsOf(source, id), name, writeKey, ...(isEnabled ? {} : { enabled: false }) },
          omit,
        },
      ];
    });
    const connected = sources.map(({ index, entry, omit }) => ({
      ...entry,
      destinations: this.#connectedTo(index, omit),
    }));
    return {
      config: { sources: connected, destinations: Object.fromEntries(this.#destinations) },
      omitted: this.#omitted,
    };
  }

  /** Notes which destinations a source has, and translates those that are new. */
  #connect(source: WorkspaceEntry, index: number, label: string): void {
    const omit = (what: string) => void this.#omitted.push(`${label}: ${what}`);
    const isProcessed = flag(source, "isProcessorEnabled", false, omit);
    if (!isProcessed) omit("isProcessorEnabled is false, so nothing of it goes anywhere");
    for (const destination of this.#entries(source.destinations, `${label}: `, "destinations")) {
      if (isDeleted(destination)) continue;
      const known = this.#translated(destination, label);
      if (!isProcessed) continue;
      const omitHere = (what: string) => omit(`its destination ${JSON.stringify(known.name ?? "")}: ${what}`);
      const here = flag(destination, "isProcessorEnabled", false, omitHere) ? known.processed : known.unprocessed;
      here.add(index);
    }
  }

  #translated(destination: WorkspaceEntry, label: string): TranslatedDestination {
    const id = text(destination.id);
    const { isProcessorEnabled: _here, ...rest } = destination;
    const said = JSON.stringify(rest);
    const key = id === "" ? said : id;
    const before = this.#known.get(key);
    if (before !== undefined) {
      if (before.said !== said && before.name !== undefined) {
        this.#omitted.push(
          `destination ${JSON.stringify(before.name)}: what ${label} says of it, which is something else`,
        );
      }
      return before;
    }
    const name = this.#nameFor(text(destination.name) || id || "destination", id);
    const unique = this.#ids.destinations.take(id, name);
    const entry = translateDestination(destination, name, {
      id: unique,
      omitted: this.#omitted,
      translators: this.#translators,
    });
    const known = {
      name: entry === undefined ? undefined : name,
      said,
      processed: new Set<number>(),
      unprocessed: new Set<number>(),
    };
    this.#known.set(key, known);
    if (entry !== undefined) this.#destinations.set(name, entry);
    return known;
  }

  /** A name that no other destination has. (An object takes no key `__proto__` from everybody.) */
  #nameFor(own: string, id: string): string {
    const isFree = (name: string) => !this.#destinations.has(name) && name !== "__proto__";
    if (isFree(own)) return own;
    if (id !== "" && isFree(`${own} (${id})`)) return `${own} (${id})`;
    for (let number = 2; ; number++) if (isFree(`${own} (${number})`)) return `${own} (${number})`;
  }

  /**
   * Names of the destinations that get the events of a source. One that gets none from anywhere
   * keeps its sources, and is not enabled.
   */
  #connectedTo(index: number, omit: (what: string) => void): string[] {
    return [...this.#known.values()].flatMap(({ name, processed, unprocessed }) => {
      if (name === undefined) return [];
      if (processed.has(index)) return [name];
      if (!unprocessed.has(index)) return [];
      if (processed.size > 0) {
        omit(`its destination ${JSON.stringify(name)}: isProcessorEnabled is false there, so it gets nothing of it`);
        return [];
      }
      this.#destinations.set(name, { ...this.#destinations.get(name), enabled: false });
      return [name];
    });
  }

  /** The objects in a list; what is none is named. */
  #entries(value: unknown, of: string, key: string): WorkspaceEntry[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.#omitted.push(`${of}its ${key}: ${kindOf(value)}, where a list belongs`);
      return [];
    }
    for (const [index, each] of value.entries()) {
      if (!isPlainObject(each)) this.#omitted.push(`${of}${key}[${index}]: ${kindOf(each)}, where an object belongs`);
    }
    return objects(value);
  }
}

/** The id, and the one in RudderStack where that is another: rows of a warehouse go on with it. */
function idsOf(entry: WorkspaceEntry, id: string | undefined): WorkspaceEntry {
  const before = text(entry.id);
  return {
    ...(id === undefined ? {} : { id }),
    ...(before === "" || before === id || before.length > 200 ? {} : { rudderStackId: before }),
  };
}

interface DestinationContext {
  readonly id: string | undefined;
  /** What cannot be carried over is added to it. */
  readonly omitted: string[];
  readonly translators: Translators;
}

/** The kind of a destination there. */
function definitionOf({ destinationDefinition: given }: WorkspaceEntry): {
  readonly name: string;
  readonly displayName: string;
} {
  const definition = isPlainObject(given) ? given : {};
  return { name: text(definition.name), displayName: text(definition.displayName) };
}

function translateDestination(
  destination: WorkspaceEntry,
  name: string,
  { id, omitted, translators }: DestinationContext,
): WorkspaceEntry | undefined {
  const definition = definitionOf(destination);
  const omit = (what: string) => void omitted.push(`destination ${JSON.stringify(name)}: ${what}`);
  const translator = translators.get(definition.name);
  if (translator === undefined) {
    const called = definition.displayName || definition.name || "which is not named";
    omit(`Pintle has no destination of its type, ${called}`);
    return undefined;
  }
  const { config = {} } = destination;
  const settings = new RudderStackSettings(isPlainObject(config) ? config : {});
  const own = translator.translate(settings, omit);
  if (own === undefined) return undefined;
  const consent = consentOf(settings, omit);
  const common = { ...consent, ...eventsOf(settings) };
  const [malformed] = isPlainObject(config)
    ? settings.malformed
    : [`its config: ${kindOf(config)}, where an object belongs`];
  if (malformed !== undefined) {
    // Half of a destination may send what it should not, or where it should not.
    omit(`all of it: ${malformed}`);
    return undefined;
  }
  const { transformations } = destination;
  if (Array.isArray(transformations) ? transformations.length > 0 : (transformations ?? "") !== "") {
    omit("its transformation: write it as `transform` of the destination");
  }
  for (const key of settings.untouched()) omit(`its setting ${key}`);
  const isEnabled = flag(destination, "enabled", false, omit);
  return {
    type: translator.type,
    ...idsOf(destination, id),
    ...(isEnabled ? {} : { enabled: false }),
    ...own,
    ...common,
  };
}

/**
 * What a switch says. One that says neither is named, and taken as `otherwise`; one that is absent
 * is on.
 */
function flag(entry: WorkspaceEntry, key: string, otherwise: boolean, omit: (what: string) => void): boolean {
  const value = readFlag(entry[key]);
  if (value === undefined)
    omit(`its ${key}: ${kindOf(entry[key])}, where true or false belongs; taken as ${otherwise}`);
  return value ?? otherwise;
}
