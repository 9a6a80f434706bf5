import { plainWords, secretsOf } from "@pintle/kit/host";
import type { z } from "zod";
import type { Destination } from "../model/destination.ts";
import type { Source } from "../model/source.ts";
import { redactor } from "../redactor.ts";
import type { DataPlaneConfig } from "./config.ts";
import { isPlainObject, type Resolved, resolveReferences } from "./env.ts";
import { fitId } from "./id.ts";
import { describeIssues, keysAt, unknownKey } from "./issues.ts";
import { type ConfigProblem, formatPath, InvalidConfigError, quoted } from "./problem.ts";
import { commonDestinationKeys, configSchema, type DestinationEntry } from "./schema.ts";
import { didYouMean } from "./suggestion.ts";
import { warningsOf } from "./warnings.ts";

export interface CheckOptions {
  /** Absolute path, for `Config.file`. */
  readonly file?: string;
  /** What the file holds. */
  readonly text?: string;
  /** Another one for each time that the file was run. */
  readonly run?: string;
  /** The file as messages name it. @default `file` */
  readonly shownAs?: string;
  /** Where relative paths start. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The types, those at least that the configuration uses. */
  readonly types: DestinationTypes;
  /** What `type` may be, for messages. @default the names of `types` */
  readonly typeNames?: Iterable<string>;
  /** What of a `workspaceConfig.json` was left out before, one line each. */
  readonly omitted?: readonly string[];
}

/** The destination types that there are, with the schema of their settings. */
export type DestinationTypes = ReadonlyMap<string, { readonly settings: z.ZodType }>;

/**
 * Checks and completes what a configuration file says. Pure: the environment and the destination
 * types are given.
 *
 * @throws InvalidConfigError with every problem that was found, not only the first
 */
export function checkConfig(input: unknown, options: CheckOptions): DataPlaneConfig {
  const { value, secrets, missing } = resolveReferences(input, options.environment);
  const problems: ConfigProblem[] = missing.map(({ path, name }) => ({
    path: formatPath(path),
    message: `the environment variable ${name} is not set, or empty`,
  }));
  // What is missing was already said, and in better words than "is missing; expected a string".
  const isNew = ({ path }: ConfigProblem) => !missing.some((reference) => formatPath(reference.path) === path);

  const parsed = configSchema.safeParse(value, { error: plainWords });
  if (!parsed.success) {
    problems.push(...describeIssues(parsed.error.issues, input, configSchema).filter(isNew));
    // Settings are looked at all the same, so that their problems do not come up one attempt later.
    for (const [key, entry] of entriesOf(value)) {
      problems.push(...(checkSettings(key, entry, input, options).problems ?? []).filter(isNew));
    }
    throw new InvalidConfigError(options.shownAs ?? options.file, problems, options.omitted);
  }

  const destinations = Object.entries(parsed.data.destinations).map(([key, entry]) => {
    const settings = checkSettings(key, entry, input, options);
    if (settings.problems !== undefined) problems.push(...settings.problems.filter(isNew));
    return {
      id: entry.id ?? fitId(key),
      ...(entry.rudderStackId === undefined ? {} : { rudderStackId: entry.rudderStackId }),
      name: key,
      type: entry.type,
      enabled: entry.enabled,
      ...filterOf(entry),
      ...(entry.rateLimit === undefined ? {} : { rateLimit: entry.rateLimit }),
      ...transformOf(entry, options),
      settings: settings.value,
      ...secretsOfDestination(key, secrets),
    };
  });
  const byName = new Map(destinations.map((destination) => [destination.name, destination]));
  problems.push(...checkIds(destinations, ({ name }) => ["destinations", name]));

  const sources = parsed.data.sources.map((entry, index): Source => {
    const ids = entry.destinations.map((name, position) => {
      const found = byName.get(name);
      if (found === undefined) {
        const known =
          byName.size === 0 ? "there are no destinations" : `destinations: ${[...byName.keys()].join(", ")}`;
        problems.push({
          path: formatPath(["sources", index, "destinations", position]),
          message: `no destination is called ${quoted(name)}${didYouMean(name, byName.keys())} (${known})`,
        });
      }
      return found?.id ?? "";
    });
    return {
      id: entry.id ?? fitId(entry.name),
      ...(entry.rudderStackId === undefined ? {} : { rudderStackId: entry.rudderStackId }),
      name: entry.name,
      writeKeys: [...new Set([entry.writeKey].flat())],
      enabled: entry.enabled,
      destinations: [...new Set(ids)],
      ...(entry.rateLimit === undefined ? {} : { rateLimit: entry.rateLimit }),
    };
  });
  problems.push(...checkIds(sources, (_, index) => ["sources", index]), ...checkWriteKeys(sources));

  if (problems.length > 0) throw new InvalidConfigError(options.shownAs ?? options.file, problems, options.omitted);
  const hidden = [
    ...secrets.map(({ value }) => value),
    ...destinations.flatMap(({ type, settings }) => secretsOf(options.types.get(type)!.settings, settings)),
    ...sources.flatMap(({ writeKeys }) => writeKeys),
  ];
  return {
    file: options.file,
    directory: options.directory,
    sources,
    destinations,
    warnings: warningsOf(sources, destinations),
    ...(options.omitted === undefined ? {} : { omitted: options.omitted }),
    engine: parsed.data.engine,
    ...(parsed.data.memory === undefined ? {} : { memory: parsed.data.memory }),
    ...(parsed.data.router === undefined ? {} : { router: parsed.data.router }),
    secrets: hidden,
    redact: redactor(hidden),
  };
}

function filterOf({ consent, only, except }: DestinationEntry): Pick<Destination, "filter"> {
  if (consent === undefined && only === undefined && except === undefined) return {};
  return { filter: { consent, only, except } };
}

function secretsOfDestination(key: string, secrets: Resolved["secrets"]): Pick<Destination, "secrets"> {
  const its = secrets.flatMap(({ path: [list, name], value }) =>
    list === "destinations" && name === key ? value : [],
  );
  return its.length === 0 ? {} : { secrets: its };
}

function transformOf(
  { transform, transformTimeout: timeout, transformMemory: memory }: DestinationEntry,
  { file = "", text = "", run = "" }: CheckOptions,
): Pick<Destination, "transform"> {
  return transform === undefined ? {} : { transform: { file, text, run, timeout, memory } };
}

/** The destinations of a configuration that is not sound, as far as their type can be told. */
function* entriesOf(value: unknown): Generator<[string, Record<string, unknown> & { type: string }]> {
  if (!isPlainObject(value) || !isPlainObject(value.destinations)) return;
  for (const [key, entry] of Object.entries(value.destinations)) {
    if (isPlainObject(entry) && typeof entry.type === "string") yield [key, { ...entry, type: entry.type }];
  }
}

function checkSettings(
  key: string,
  entry: { readonly type: string },
  input: unknown,
  { types, typeNames = types.keys() }: Pick<CheckOptions, "types" | "typeNames">,
): { value: Destination["settings"]; problems?: ConfigProblem[] } {
  const path = ["destinations", key];
  const schema = types.get(entry.type)?.settings;
  if (schema === undefined) {
    const names = [...typeNames];
    const message = `unknown type ${quoted(entry.type)}${didYouMean(entry.type, names)} (types: ${names.join(", ")})`;
    return { value: undefined, problems: [{ path: formatPath([...path, "type"]), message }] };
  }
  const settings = Object.fromEntries(Object.entries(entry).filter(([name]) => !commonDestinationKeys.includes(name)));
  const parsed = schema.safeParse(settings, { error: plainWords });
  const issues = parsed.success ? [] : parsed.error.issues;
  // Unknown keys are looked for below, where it is known what else a destination may have.
  const known = issues.filter(({ code, path: at }) => code !== "unrecognized_keys" || at.length > 0);
  const problems = describeIssues(known, input, schema, path);
  // A schema that drops or passes on keys that it does not know would let a typing error change
  // nothing, silently.
  const allowed = keysAt(schema, []);
  if (allowed === undefined)
    problems.push(
      ...describeIssues(
        issues.filter((issue) => !known.includes(issue)),
        input,
        schema,
        path,
      ),
    );
  else {
    for (const name of Object.keys(settings)) {
      if (allowed.includes(name)) continue;
      problems.push(unknownKey([...path, name], [...allowed, ...commonDestinationKeys]));
    }
  }
  return parsed.success && problems.length === 0 ? { value: parsed.data } : { value: undefined, problems };
}

function checkIds<T extends { id: string; name: string }>(
  items: readonly T[],
  pathOf: (item: T, index: number) => PropertyKey[],
): ConfigProblem[] {
  const owners = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  items.forEach((item, index) => {
    const path = formatPath(pathOf(item, index));
    const owner = owners.get(item.id);
    if (item.id === "") {
      problems.push({
        path,
        message: `no id can be made of the name ${quoted(item.name)}; give it one: id: "..."`,
      });
    } else if (owner !== undefined) {
      problems.push({
        path,
        message: `has the id ${JSON.stringify(item.id)}, which ${owner} has already; give it another: id: "..."`,
      });
    } else {
      owners.set(item.id, path);
    }
  });
  return problems;
}

function checkWriteKeys(sources: readonly Source[]): ConfigProblem[] {
  const owners = new Map<string, number>();
  const problems: ConfigProblem[] = [];
  sources.forEach(({ writeKeys }, index) => {
    for (const key of writeKeys) {
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, index);
      else
        problems.push({ path: `sources[${index}].writeKey`, message: `is a write key of sources[${owner}] already` });
    }
  });
  return problems;
}
