import { loadDestinationTypes, loadTranslators } from "@pintle/destinations";
import { checkConfig, type DestinationTypes } from "./check-config.ts";
import { isPlainObject } from "./env.ts";
import { type ConfigProblem, formatPath, InvalidConfigError, parsePath } from "./problem.ts";
import { type Translation, type Translators, translateWorkspace, typesIn } from "./workspace-config.ts";
import { chooseWorkspace, workspacesIn } from "./workspaces.ts";

export interface CarryOverOptions {
  /** The file as messages name it. */
  readonly shownAs: string;
  /** The types, those at least that `typesIn` names. */
  readonly types: DestinationTypes;
  readonly translators: Translators;
  /** Id of the workspace that is meant, in a file that has several. */
  readonly workspace?: string | undefined;
}

/**
 * Makes a configuration of a `workspaceConfig.json`. Nothing in it refuses the whole file: what the
 * checks of a configuration do not allow is left out and named. `undefined`: the file is not one of
 * RudderStack. Pure.
 *
 * @throws ServerError PINTLE_CONFIG_INVALID, PINTLE_USAGE when it has several workspaces, and not
 * one of them is named
 */
export function carryOver(
  input: unknown,
  { shownAs, types, translators, workspace }: CarryOverOptions,
): Translation | undefined {
  const all = workspacesIn(input);
  if (all.length === 0) return undefined;
  const check = (config: Translation["config"]): readonly ConfigProblem[] => {
    try {
      checkConfig(config, { directory: "/", environment: {}, types });
      return [];
    } catch (error) {
      if (error instanceof InvalidConfigError) return error.problems;
      throw error;
    }
  };
  return leaveOut(translateWorkspace(chooseWorkspace(all, workspace, shownAs), translators), check);
}

/** The same, with the types loaded that it takes. */
export async function loadAndCarryOver(
  input: unknown,
  options: Pick<CarryOverOptions, "shownAs" | "workspace">,
): Promise<(Translation & { readonly types: DestinationTypes }) | undefined> {
  const workspaces = workspacesIn(input);
  if (workspaces.length === 0) return undefined;
  const translators = await loadTranslators();
  const types = await loadDestinationTypes(workspaces.flatMap(({ workspace = {} }) => typesIn(workspace, translators)));
  const translation = carryOver(input, { ...options, types, translators });
  return translation && { ...translation, types };
}

type SourceInput = Translation["config"]["sources"][number];

/**
 * Leaves out what is not allowed until the rest is. A JSON path goes alone. With anything else goes
 * the whole source or destination: half a filter or address would send events where they do not
 * belong. What concerns the whole is left to the checks.
 */
function leaveOut(
  { config, omitted }: Translation,
  check: (config: Translation["config"]) => readonly ConfigProblem[],
): Translation {
  const lines = [...omitted];
  let sources = config.sources;
  let destinations = config.destinations;
  for (;;) {
    const gone = new Set<string>();
    const goneSources = new Set<number>();
    const gonePaths = new Map<string, Set<number>>();
    for (const { path, message } of check({ sources, destinations })) {
      const [kind, key, ...at] = parsePath(path);
      const where = at.length === 0 ? "" : `${formatPath(at)}: `;
      if (kind === "sources" && typeof key === "number" && sources[key] !== undefined) {
        if (!goneSources.has(key)) lines.push(`source ${quoted(sources[key].name)}: all of it: ${where}${message}`);
        goneSources.add(key);
      } else if (kind === "destinations" && typeof key === "string" && destinations[key] !== undefined) {
        const [setting, index] = at;
        const paths: unknown = destinations[key].jsonPaths;
        if (setting === "jsonPaths" && typeof index === "number" && Array.isArray(paths)) {
          lines.push(`destination ${quoted(key)}: its JSON path ${quoted(paths[index])}: ${message}`);
          gonePaths.set(key, (gonePaths.get(key) ?? new Set()).add(index));
        } else {
          if (!gone.has(key)) lines.push(`destination ${quoted(key)}: all of it: ${where}${message}`);
          gone.add(key);
        }
      }
    }
    if (gone.size + goneSources.size + gonePaths.size === 0)
      return { config: { sources, destinations }, omitted: lines };
    sources = sources.filter((_, index) => !goneSources.has(index)).map((source) => without(source, gone));
    destinations = Object.fromEntries(
      Object.entries(destinations)
        .filter(([name]) => !gone.has(name))
        .map(([name, entry]) => [name, withoutPaths(entry, gonePaths.get(name))]),
    );
  }
}

function without(source: SourceInput, gone: ReadonlySet<string>): SourceInput {
  const { destinations } = source;
  return Array.isArray(destinations)
    ? { ...source, destinations: destinations.filter((name) => !gone.has(name)) }
    : source;
}

function withoutPaths(entry: SourceInput, gone: ReadonlySet<number> | undefined): SourceInput {
  const { jsonPaths, ...rest } = entry;
  if (gone === undefined || !Array.isArray(jsonPaths)) return entry;
  const left = jsonPaths.filter((_, index) => !gone.has(index));
  return left.length === 0 ? rest : { ...rest, jsonPaths: left };
}

function quoted(value: unknown): string {
  return isPlainObject(value) ? "an object" : (JSON.stringify(value) ?? "");
}
