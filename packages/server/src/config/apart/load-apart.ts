import { extname, resolve } from "node:path";
import { redactor } from "../../redactor.ts";
import type { DataPlaneConfig } from "../config.ts";
import type { LoadOptions } from "../load-config.ts";
import { type ApartOptions, runApart } from "./run-apart.ts";

/**
 * Loads a configuration as `loadConfig` does, and runs one that is a program in a process of its
 * own. Types of destinations that the owner has written stay there: `loadOwnTypes` gets them where
 * they are needed.
 *
 * @throws ServerError with PINTLE_CONFIG_NOT_FOUND, PINTLE_CONFIG_UNREADABLE or
 * PINTLE_CONFIG_TIMEOUT; ConfigError with everything that is not allowed
 */
export async function loadConfigApart(
  file: string,
  options: Omit<LoadOptions, "types"> & ApartOptions,
): Promise<DataPlaneConfig> {
  const path = resolve(file);
  const { environment = process.env, shownAs = file, workspace } = options;
  if (extname(path) === ".json") return (await import("../load-config.ts")).loadConfig(file, options);
  const config = await runApart("config", { file: path, shownAs, environment: { ...environment }, workspace }, options);
  return { ...config, redact: redactor(config.secrets) };
}
