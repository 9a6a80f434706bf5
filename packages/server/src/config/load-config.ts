import { randomUUID } from "node:crypto";
import { dirname, extname, resolve } from "node:path";
import { loadDestinationTypes, typeNames } from "@pintle/destinations";
import { ServerError } from "../errors.ts";
import { loadAndCarryOver } from "./carry-over.ts";
import { checkConfig } from "./check-config.ts";
import type { DataPlaneConfig } from "./config.ts";
import { isPlainObject } from "./env.ts";
import { checkTravel, takeOwnTypes, withHomes } from "./own-types.ts";
import { InvalidConfigError } from "./problem.ts";
import { parseJson, readText } from "./read-json-file.ts";
import { readThrough, runModule } from "./run-module.ts";

export interface LoadOptions {
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The file as messages name it. @default as it was given */
  readonly shownAs?: string;
  /** Id of the workspace that is meant, where a `workspaceConfig.json` has several. */
  readonly workspace?: string | undefined;
}

/**
 * Reads, runs, checks and completes a configuration file: `.json`, or `.ts`, `.js` and their kin,
 * whose default export is the configuration. A `workspaceConfig.json` of RudderStack is taken, too.
 * A file that is loaded again is run again, and so is what it imports.
 *
 * @throws ServerError with PINTLE_CONFIG_NOT_FOUND or PINTLE_CONFIG_UNREADABLE; InvalidConfigError
 * with everything that is not allowed
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<DataPlaneConfig> {
  const path = resolve(file);
  const { environment = process.env, shownAs = file, workspace } = options;
  const text = readText(path, shownAs);
  const isJson = extname(path) === ".json";
  const written = isJson ? parseJson(text, shownAs) : await runModule(path, shownAs);
  if (!isJson) readThrough(written, shownAs);
  const translation = await loadAndCarryOver(written, { shownAs, workspace });
  if (translation === undefined && workspace !== undefined) {
    throw new ServerError("PINTLE_USAGE", `--workspace is for a workspaceConfig.json, which ${shownAs} is not`);
  }
  const { input, types: ownTypes, problems } = takeOwnTypes(translation?.config ?? written, new Set(typeNames));
  if (problems.length > 0) throw new InvalidConfigError(shownAs, problems);
  const types = new Map([...(await loadDestinationTypes(typesNamed(input))), ...ownTypes]);
  const run = randomUUID();
  const config = checkConfig(input, {
    file: path,
    text,
    run,
    shownAs,
    directory: dirname(path),
    environment,
    types,
    typeNames: [...typeNames, ...ownTypes.keys()],
    ...(translation === undefined ? {} : { omitted: translation.omitted }),
  });
  const unfit = checkTravel(config.destinations, ownTypes);
  if (unfit.length > 0) throw new InvalidConfigError(shownAs, unfit);
  const destinations = withHomes(config.destinations, ownTypes, { file: path, text, run });
  return {
    ...config,
    destinations,
    ownTypes,
    text,
  };
}

/** What stands as a type in the entries of a configuration that is still to be checked. */
function typesNamed(input: unknown): string[] {
  const destinations = isPlainObject(input) && isPlainObject(input.destinations) ? input.destinations : {};
  return Object.values(destinations).flatMap((entry) =>
    isPlainObject(entry) && typeof entry.type === "string" ? [entry.type] : [],
  );
}
