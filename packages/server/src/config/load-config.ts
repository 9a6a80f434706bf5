import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { destinationTypes } from "@pintle/destinations";
import { createJiti } from "jiti";
import { ServerError, systemCode } from "../errors.ts";
import { checkConfig, type DestinationTypes } from "./check-config.ts";
import type { Config } from "./config.ts";
import { findJsonError } from "./json-error.ts";
import { isWorkspaceConfig, translateWorkspace } from "./workspace-config.ts";

export interface LoadOptions {
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** @default destinationTypes of `@pintle/destinations` */
  readonly types?: DestinationTypes;
  /** The file as messages name it. @default as it was given */
  readonly shownAs?: string;
}

/** The names under which a configuration is looked for, in this order. */
export const configNames: readonly string[] = [
  "pintle.config.ts",
  "pintle.config.js",
  "pintle.config.mjs",
  "pintle.config.json",
];

/** The configuration file in `directory`, `undefined` where there is none. */
export function findConfig(directory: string): string | undefined {
  return configNames.map((name) => join(directory, name)).find((file) => existsSync(file));
}

/**
 * Reads, runs, checks and completes a configuration file: `.json`, or `.ts`, `.js` and their kin, whose default export is the
 * configuration. A `workspaceConfig.json` of RudderStack is taken, too. A file that is loaded again is run again, and so is what it imports.
 *
 * @throws ServerError with CONFIG_NOT_FOUND or CONFIG_UNREADABLE; ConfigError with everything that is not allowed
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<Config> {
  const path = resolve(file);
  const { environment = process.env, types = destinationTypes, shownAs = file } = options;
  const text = readText(path, shownAs);
  const written = extname(path) === ".json" ? parseJson(text, shownAs) : await run(path, shownAs);
  const translation = isWorkspaceConfig(written) ? translateWorkspace(written) : undefined;
  const input = translation?.config ?? written;
  const config = checkConfig(input, { file: path, shownAs, directory: dirname(path), environment, types });
  return { ...config, text, ...(translation === undefined ? {} : { omitted: translation.omitted }) };
}

/** @throws ServerError with CONFIG_NOT_FOUND or CONFIG_UNREADABLE */
export function readJsonFile(path: string, shownAs: string): unknown {
  return parseJson(readText(path, shownAs), shownAs);
}

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") {
      throw new ServerError("CONFIG_NOT_FOUND", `${file}: there is no such file`, { cause: error });
    }
    throw new ServerError("CONFIG_UNREADABLE", `${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function parseJson(text: string, file: string): unknown {
  // Editors on Windows put a byte order mark in front, which JSON does not allow.
  const json = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(json);
  } catch {
    // Not with the error of JSON.parse as its cause: that one quotes the text, and the text holds write keys.
    const { line, column } = findJsonError(json);
    throw new ServerError("CONFIG_UNREADABLE", `${file}: not valid JSON at line ${line}, column ${column}`);
  }
}

async function run(path: string, file: string): Promise<unknown> {
  const jiti = createJiti(import.meta.url, {
    // `import { defineConfig } from "pintle"` works in a folder without node_modules, too, and means this very version.
    alias: { pintle: fileURLToPath(new URL("../index.js", import.meta.url)) },
    moduleCache: false,
    fsCache: false,
    // Off: a module without a default export is refused, in place of being taken as one.
    interopDefault: false,
  });
  let module: { default?: unknown };
  try {
    module = await jiti.import(path);
  } catch (error) {
    throw new ServerError("CONFIG_UNREADABLE", `${file}: cannot be run: ${firstLine(messageOf(error))}`, {
      cause: error,
    });
  }
  // `module.exports = ...` in CommonJS arrives as the default export as well.
  if (module.default === undefined) {
    throw new ServerError(
      "CONFIG_UNREADABLE",
      `${file}: has no default export; write: export default defineConfig({ ... })`,
    );
  }
  return module.default;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
