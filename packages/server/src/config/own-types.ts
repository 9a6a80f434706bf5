import type { DestinationType } from "@pintle/kit";
import { ServerError } from "../errors.ts";
import type { Destination, OwnTypeHome } from "../model/destination.ts";
import { defaultConfigTimeout, timeoutMessage } from "./config-timeout.ts";
import { isPlainObject } from "./env.ts";
import { type ConfigProblem, formatPath } from "./problem.ts";
import { runModuleAs } from "./run-module.ts";

/** Types of destinations, by their names. */
export type OwnTypes = ReadonlyMap<string, DestinationType>;

export interface TakenTypes {
  /** The configuration, with the names of types in place of the types. */
  readonly input: unknown;
  readonly types: OwnTypes;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Takes the types out of a configuration that its owner has written himself: `type: crm` in place
 * of `type: "webhook"`.
 *
 * @param known names of the types that Pintle has
 */
export function takeOwnTypes(input: unknown, known: { has(name: string): boolean }): TakenTypes {
  const types = new Map<string, DestinationType>();
  const problems: ConfigProblem[] = [];
  if (!isPlainObject(input) || !isPlainObject(input.destinations)) return { input, types, problems };

  const destinations = Object.entries(input.destinations).map(([key, entry]): [string, unknown] => {
    if (!isPlainObject(entry) || !isDestinationType(entry.type)) return [key, entry];
    const { type } = entry;
    const other = types.get(type.type);
    if (known.has(type.type) || (other !== undefined && other !== type)) {
      const whose = known.has(type.type) ? "a type that Pintle has" : "another type of this configuration";
      problems.push({
        path: formatPath(["destinations", key, "type"]),
        message: `has the name ${JSON.stringify(type.type)}, which is that of ${whose}: give it another, type: "..."`,
      });
    } else types.set(type.type, type);
    return [key, { ...entry, type: type.type }];
  });
  return { input: { ...input, destinations: Object.fromEntries(destinations) }, types, problems };
}

/**
 * The types that these destinations need besides those that Pintle has: for another thread or
 * process, to which functions cannot be handed over. It runs the configurations that they stand in,
 * as they were when they were accepted.
 *
 * @param limit milliseconds. Code that spins does not notice it: that is for whoever can end the
 * thread
 * @throws ServerError with PINTLE_CONFIG_UNREADABLE, PINTLE_CONFIG_TIMEOUT
 */
export async function loadOwnTypes(
  destinations: readonly Destination[],
  limit: number = defaultConfigTimeout,
): Promise<OwnTypes> {
  const homes = new Map(
    destinations.flatMap(({ ownType }) => (ownType === undefined ? [] : [[ownType.file, ownType]])),
  );
  const found = new Map<string, DestinationType>();
  for (const { file, text } of homes.values()) {
    const { types } = takeOwnTypes(await within(limit, file, runModuleAs(file, text)), { has: () => false });
    for (const [name, type] of types) found.set(name, type);
  }
  return found;
}

async function within<T>(limit: number, file: string, loading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      loading,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new ServerError("PINTLE_CONFIG_TIMEOUT", timeoutMessage(file, limit))), limit);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Settings that another thread could not be given, or would not understand: a schema has to make
 * plain data, and to take that again.
 */
export function checkTravel(destinations: readonly Destination[], types: OwnTypes): ConfigProblem[] {
  return destinations.flatMap(({ name, type, settings }) => {
    const schema = types.get(type)?.settings;
    if (schema === undefined) return [];
    try {
      if (schema.safeParse(structuredClone(settings)).success) return [];
    } catch {
      // A function, or the schema itself fails.
    }
    const message = `the schema of its type ${JSON.stringify(type)} makes settings of what it was given that it does not take itself: it has to make plain data (no URL, function or class) of the same form`;
    return [{ path: formatPath(["destinations", name]), message }];
  });
}

/** Notes with each destination whose type is its owner's where that type stands. */
export function withHomes(destinations: readonly Destination[], types: OwnTypes, home: OwnTypeHome): Destination[] {
  return destinations.map((destination) =>
    types.has(destination.type) ? { ...destination, ownType: home } : destination,
  );
}

/** Whether it is what `defineDestination` gives. */
export function isDestinationType(value: unknown): value is DestinationType {
  if (!isPlainObject(value)) return false;
  const { type, displayName, settings, batch, concurrency, open } = value;
  const functions = [batch, concurrency, open, (settings as { safeParse?: unknown } | undefined)?.safeParse];
  return (
    typeof type === "string" &&
    typeof displayName === "string" &&
    functions.every((member) => typeof member === "function")
  );
}
